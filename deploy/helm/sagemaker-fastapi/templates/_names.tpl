{{/* What all of a release's objects are named after: short enough for the longest ending, and no dots, which a
   Service's name cannot have. */}}
{{- define "sagemaker-fastapi.name" -}}
{{- $release := replace "." "-" .Release.Name -}}
{{- if contains .Chart.Name $release }}{{ $release | trunc 50 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" $release .Chart.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{/* By which the pods of a kind are found: (list $ "api"). */}}
{{- define "sagemaker-fastapi.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ $.Chart.Name }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Of each object: (list $ "api"). */}}
{{- define "sagemaker-fastapi.labels" -}}
{{- $ := index . 0 -}}
{{ include "sagemaker-fastapi.selector" . }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $.Chart.Name $.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "sagemaker-fastapi.serviceAccount" -}}
{{- with .Values.serviceAccount.name }}{{ . }}
{{- else }}{{ ternary (include "sagemaker-fastapi.name" .) "default" .Values.serviceAccount.create }}{{ end }}
{{- end }}

{{- define "sagemaker-fastapi.image" -}}
{{- $repository := required "image.repository is missing: the address of the image in your registry" .Values.image.repository -}}
{{- if .Values.image.digest }}{{ $repository }}@{{ .Values.image.digest }}
{{- else }}{{ $repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}

{{/* A setting as text. Helm reads each number as a float, and would write 2000000000 as 2e+09. */}}
{{- define "sagemaker-fastapi.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ printf "%.0f" . }}{{ else }}{{ toString . }}{{ end }}
{{- end }}

{{/* All settings with their values as texts, as YAML: what is given, and what follows from other values. */}}
{{- define "sagemaker-fastapi.settings" -}}
{{- $settings := dict -}}
{{- $hosts := .Values.ingress.hosts -}}
{{- if and .Values.ingress.enabled $hosts (not (has "" $hosts)) -}}
{{- $service := printf "%s.%s" (include "sagemaker-fastapi.name" .) .Release.Namespace -}}
{{- $_ := set $settings "ALLOWED_HOSTS" (concat $hosts (list $service (printf "%s.svc" $service)) | join ",") -}}
{{- end -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $settings $name (include "sagemaker-fastapi.text" $value) -}}
{{- end -}}
{{ toYaml $settings }}
{{- end }}
