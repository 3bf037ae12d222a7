{{- define "connect.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Where and how pods run: the same keys for both workloads. */}}
{{- define "connect.pod" -}}
{{- range $key := list "nodeSelector" "affinity" "tolerations" }}
{{- with index $ $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with .podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Both containers read the file and share the folder with their database; the ports of their bus lie crosswise. */}}
{{- define "connect.container" -}}
{{- $c := .Values.connect }}
- name: {{ .name }}
  image: {{ .part.imageRepository }}:{{ tpl $c.version . }}
  imagePullPolicy: {{ $c.imagePullPolicy }}
  {{- with .part.securityContext }}
  securityContext:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .part.resources }}
  resources:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  env:
    - { name: OP_SESSION, value: /home/opuser/.op/1password-credentials.json }
    - { name: OP_BUS_PORT, value: {{ .bus | quote }} }
    - { name: OP_BUS_PEERS, value: {{ printf "localhost:%s" .peer | quote }} }
    - { name: OP_HTTP_PORT, value: {{ .part.httpPort | quote }} }
    - { name: OP_LOG_LEVEL, value: {{ .part.logLevel | quote }} }
    {{- range $c.customEnvVars }}
    - { name: {{ .name }}, value: {{ .value | quote }} }
    {{- end }}
  {{- if $c.probes.readiness }}
  readinessProbe:
    httpGet: { path: /health, scheme: HTTP, port: {{ .part.httpPort }} }
    initialDelaySeconds: 15
  {{- end }}
  {{- if $c.probes.liveness }}
  livenessProbe:
    httpGet: { path: /heartbeat, scheme: HTTP, port: {{ .part.httpPort }} }
    failureThreshold: 3
    periodSeconds: 30
    initialDelaySeconds: 15
  {{- end }}
  volumeMounts:
    - { name: {{ $c.dataVolume.name }}, mountPath: /home/opuser/.op/data }
    - name: credentials
      mountPath: /home/opuser/.op/1password-credentials.json
      subPath: 1password-credentials.json
{{- end -}}
