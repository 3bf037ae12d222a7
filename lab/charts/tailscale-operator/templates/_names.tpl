{{/* An image reference: the digest wins over the tag, and the tag over the chart's application version. */}}
{{- define "tailscale.image" -}}
{{- $repository := coalesce .image.repo .image.repository -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository (default .version (toString .image.tag)) -}}
{{- end -}}
{{- end -}}

{{- define "tailscale.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The volume with the OAuth client's id and secret. */}}
{{- define "tailscale.oauthVolume" -}}
{{- default (dict "secret" (dict "secretName" "operator-oauth")) .Values.oauthSecretVolume | toYaml -}}
{{- end -}}
