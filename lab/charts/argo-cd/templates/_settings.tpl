{{- define "argocd.cm" -}}
{{- $all := .Files.Get "files/settings.yaml" | fromYaml -}}
{{- $_ := set $all "url" (printf "https://%s" .Values.global.domain) -}}
{{- $_ := set $all "admin.enabled" "true" -}}
{{- range $key, $value := .Values.configs.cm }}{{ $_ := set $all $key (toString $value) }}{{ end -}}
{{- toYaml $all -}}
{{- end -}}

{{- define "argocd.params" -}}
{{- $name := include "argocd.fullname" . -}}
{{- $all := dict "redis.server" (printf "%s-redis:6379" $name) "repo.server" (printf "%s-repo-server:8081" $name) "server.insecure" "false" "server.repo.server.strict.tls" "false" "applicationsetcontroller.enable.leader.election" "false" -}}
{{- range list "applicationsetcontroller" "commitserver" "controller" "dexserver" "notificationscontroller" "reposerver" "server" }}
{{- $_ := set $all (printf "%s.log.format" .) "text" }}
{{- $_ := set $all (printf "%s.log.level" .) "info" }}
{{- end -}}
{{- range $key, $value := .Values.configs.params }}{{ $_ := set $all $key (toString $value) }}{{ end -}}
{{- toYaml $all -}}
{{- end -}}
