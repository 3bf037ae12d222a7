{{- define "reloader.name" -}}
{{- default (printf "%s-%s" .Release.Name (default .Chart.Name .Values.nameOverride)) .Values.fullnameOverride -}}
{{- end -}}

{{- define "reloader.account" -}}
{{- default (include "reloader.name" .) .Values.reloader.serviceAccount.name -}}
{{- end -}}

{{- define "reloader.selector" -}}
app: {{ include "reloader.name" . }}
release: {{ .Release.Name | quote }}
{{- end -}}

{{- define "reloader.labels" -}}
{{ include "reloader.selector" . }}
app.kubernetes.io/name: {{ default .Chart.Name .Values.nameOverride }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
heritage: {{ .Release.Service | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- with .Values.reloader.matchLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}
