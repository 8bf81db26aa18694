{{/* What all pods have in common. */}}
{{- define "sagemaker-fastapi.pod" -}}
automountServiceAccountToken: false
# A Service named "metrics" would else become the variable METRICS_PORT.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* And what API and worker have: (list $ "api"). */}}
{{- define "sagemaker-fastapi.servingPod" -}}
{{- $ := index . 0 -}}
{{- $selector := include "sagemaker-fastapi.selector" . -}}
{{ include "sagemaker-fastapi.pod" $ }}
serviceAccountName: {{ include "sagemaker-fastapi.serviceAccount" $ }}
{{- with $.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $.Values.spreadOver }}
topologySpreadConstraints:
{{- range . }}
  - topologyKey: {{ . }}
    maxSkew: 1
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end }}
{{- end }}

{{/* What all containers have in common. */}}
{{- define "sagemaker-fastapi.container" -}}
image: {{ include "sagemaker-fastapi.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}

{{/* Where the database is: variables. (list $ "owner") has the owner's, too. */}}
{{- define "sagemaker-fastapi.databaseEnv" -}}
{{- if eq (index . 0).Values.database.as "files" -}}
- name: SECRETS_DIR
  value: /run/secrets/sagemaker-fastapi
{{- else -}}
{{- range include "sagemaker-fastapi.urls" . | fromYamlArray }}
- name: {{ .setting }}
  valueFrom:
    secretKeyRef: {name: {{ .secret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- end }}

{{/* The URLs there are: each with its setting, its Secret and the key there. */}}
{{- define "sagemaker-fastapi.urls" -}}
{{- $database := (index . 0).Values.database -}}
{{- $secret := required "database.secret is missing: the name of an existing Secret with the database's URL" $database.secret -}}
- {setting: DATABASE_URL, secret: {{ $secret | quote }}, key: {{ $database.urlKey | quote }}}
{{- with $database.directUrlKey }}
- {setting: DATABASE_DIRECT_URL, secret: {{ $secret | quote }}, key: {{ . | quote }}}
{{- end }}
{{- if and (eq (index . 1) "owner") $database.ownerSecret }}
- {setting: MIGRATION_DATABASE_URL, secret: {{ $database.ownerSecret | quote }}, key: {{ $database.ownerUrlKey | quote }}}
{{- end }}
{{- end }}

{{- define "sagemaker-fastapi.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: {{ (index . 0).Values.temporarySize }}}
{{- if eq (index . 0).Values.database.as "files" }}
- name: database
  projected:
    defaultMode: 0440
    sources:
    {{- range include "sagemaker-fastapi.urls" . | fromYamlArray }}
      - secret:
          name: {{ .secret | quote }}
          items: [{key: {{ .key | quote }}, path: {{ lower .setting }}}]
    {{- end }}
{{- end }}
{{- with (index . 0).Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "sagemaker-fastapi.mounts" -}}
- {name: tmp, mountPath: /tmp}
{{- if eq .Values.database.as "files" }}
- {name: database, mountPath: /run/secrets/sagemaker-fastapi, readOnly: true}
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* A Deployment's annotations and labels of its pods: another configuration makes other pods. */}}
{{- define "sagemaker-fastapi.servingMetadata" -}}
{{- $ := index . 0 -}}
annotations:
  checksum/settings: {{ include "sagemaker-fastapi.settings" $ | sha256sum }}
{{- with $.Values.podAnnotations }}
{{ toYaml . | indent 2 }}
{{- end }}
labels: {{- include "sagemaker-fastapi.labels" . | nindent 2 }}
{{- with $.Values.podLabels }}
{{ toYaml . | indent 2 }}
{{- end }}
{{- end }}

{{/* Variables and mounts of API and worker. */}}
{{- define "sagemaker-fastapi.servingContainer" -}}
{{ include "sagemaker-fastapi.container" . }}
envFrom:
  - configMapRef: {name: {{ include "sagemaker-fastapi.name" . }}}
{{- with .Values.extraEnvFrom }}
{{ toYaml . | indent 2 }}
{{- end }}
volumeMounts:
{{ include "sagemaker-fastapi.mounts" . | indent 2 }}
{{- end }}

{{/* A Job that asks nothing but the database. It may run before the ConfigMap is there, so it has the settings itself. */}}
{{- define "sagemaker-fastapi.ownContainer" -}}
{{ include "sagemaker-fastapi.container" (index . 0) }}
env:
{{ include "sagemaker-fastapi.databaseEnv" . | indent 2 }}
{{- range $name, $value := include "sagemaker-fastapi.settings" (index . 0) | fromYaml }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end }}

{{/* How Prometheus asks: with a key of the scope `read`. */}}
{{- define "sagemaker-fastapi.scrape" -}}
interval: {{ .Values.monitoring.interval }}
{{- if .Values.monitoring.keySecret }}
authorization:
  credentials: {name: {{ .Values.monitoring.keySecret }}, key: {{ .Values.monitoring.keySecretKey }}}
{{- end }}
{{- end }}
