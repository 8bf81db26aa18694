{{/* A number of the settings, rounded up, or its default in app/core/settings.py: (list $ "PREDICT_TIMEOUT" 70). */}}
{{- define "sagemaker-fastapi.number" -}}
{{- $values := (index . 0).Values.settings -}}
{{- hasKey $values (index . 1) | ternary (get $values (index . 1)) (index . 2) | float64 | ceil | int -}}
{{- end }}

{{/* The longest that the service takes to end: SHUTDOWN_DELAY, twice PREDICT_TIMEOUT, and some seconds. */}}
{{- define "sagemaker-fastapi.apiEnds" -}}
{{- $timeout := include "sagemaker-fastapi.number" (list . "PREDICT_TIMEOUT" 70) | int -}}
{{- add (include "sagemaker-fastapi.number" (list . "SHUTDOWN_DELAY" 0) | int) (mul 2 $timeout) 10 -}}
{{- end }}

{{/* The same of a worker, which gives up 15 seconds after PREDICT_TIMEOUT by itself. */}}
{{- define "sagemaker-fastapi.workerEnds" -}}
{{- add (include "sagemaker-fastapi.number" (list . "PREDICT_TIMEOUT" 70) | int) 25 -}}
{{- end }}

{{/* How many pods of the API there may be, but for one more while a release rolls out. */}}
{{- define "sagemaker-fastapi.apiPods" -}}
{{- ternary .Values.api.autoscaling.maxReplicas .Values.api.replicas .Values.api.autoscaling.enabled -}}
{{- end }}

{{/* Fails if the database has fewer connections than the release may want. A roll-out has one pod more of a kind. */}}
{{- define "sagemaker-fastapi.connections" -}}
{{- $most := int .Values.database.maxConnections -}}
{{- if $most -}}
{{- $pooled := eq "true" (get .Values.settings "DATABASE_POOLER" | toString | lower) -}}
{{- $pool := ternary 0 (include "sagemaker-fastapi.number" (list . "DATABASE_POOL_SIZE" 10) | int) $pooled -}}
{{- $api := .Values.api -}}
{{- $pods := add1 (include "sagemaker-fastapi.apiPods" . | int) -}}
{{- $workers := ternary (add1 (int .Values.worker.replicas)) 0 (gt (int .Values.worker.replicas) 0) -}}
{{- $free := int .Values.database.keptFree -}}
{{- $sum := add (mul $pods (int $api.processes) (add $pool 1)) (mul $workers (add $pool 2)) $free -}}
{{- if gt $sum $most -}}
{{- $where := ternary " past the pooler" "" $pooled -}}
{{- printf "database.maxConnections is %d, and this release may want %d connections%s: %d pods of the API x %d processes x (%d + 1) + %d workers x (%d + 2) + %d kept free; of each kind one pod comes with a roll-out. Lower settings.DATABASE_POOL_SIZE or the numbers of pods, raise max_connections, or put a pooler between." $most $sum $where $pods (int $api.processes) $pool $workers $pool $free | fail -}}
{{- end -}}
{{- end -}}
{{- end }}
