{{/* The data of cilium-config: the keys that the programs read and those that a person looks for. */}}
{{- define "cilium.config" -}}
{{- $v := .Values -}}
identity-allocation-mode: {{ $v.identityAllocationMode | quote }}
debug: {{ $v.debug.enabled | quote }}
cluster-name: {{ $v.cluster.name | quote }}
cluster-id: {{ $v.cluster.id | quote }}
agent-health-port: {{ $v.healthPort | quote }}
agent-not-ready-taint-key: {{ $v.agentNotReadyTaintKey | quote }}
enable-policy: {{ lower $v.policyEnforcementMode | quote }}
enable-non-default-deny-policies: {{ $v.enableNonDefaultDenyPolicies | quote }}
enable-ipv4: {{ $v.ipv4.enabled | quote }}
enable-ipv6: {{ $v.ipv6.enabled | quote }}
enable-ipv4-masquerade: {{ $v.enableIPv4Masquerade | quote }}
enable-ipv6-masquerade: {{ $v.enableIPv6Masquerade | quote }}
{{- if kindIs "bool" $v.bpf.masquerade }}
enable-bpf-masquerade: {{ $v.bpf.masquerade | quote }}
{{- end }}
bpf-root: {{ $v.bpf.root | quote }}
bpf-map-dynamic-size-ratio: {{ $v.bpf.mapDynamicSizeRatio | quote }}
datapath-mode: {{ $v.bpf.datapathMode | quote }}
monitor-aggregation: {{ $v.bpf.monitorAggregation | quote }}
monitor-aggregation-interval: {{ $v.bpf.monitorInterval | quote }}
routing-mode: {{ default "tunnel" $v.routingMode | quote }}
{{- if ne (default "tunnel" $v.routingMode) "native" }}
tunnel-protocol: {{ default "vxlan" $v.tunnelProtocol | quote }}
{{- end }}
{{- with $v.ipv4NativeRoutingCIDR }}
ipv4-native-routing-cidr: {{ . | quote }}
{{- end }}
auto-direct-node-routes: {{ $v.autoDirectNodeRoutes | quote }}
{{- with $v.devices }}
devices: {{ kindIs "slice" . | ternary (join "," (kindIs "slice" . | ternary . list)) . | quote }}
{{- end }}
kube-proxy-replacement: {{ $v.kubeProxyReplacement | quote }}
{{- if $v.kubeProxyReplacementHealthzBindAddr }}
kube-proxy-replacement-healthz-bind-address: {{ $v.kubeProxyReplacementHealthzBindAddr | quote }}
{{- end }}
{{- if $v.socketLB.enabled }}
bpf-lb-sock: "true"
{{- end }}
{{- if $v.socketLB.hostNamespaceOnly }}
bpf-lb-sock-hostns-only: "true"
{{- end }}
bpf-lb-external-clusterip: {{ $v.bpf.lbExternalClusterIP | quote }}
bpf-lb-mode: {{ $v.loadBalancer.mode | quote }}
bpf-lb-algorithm: {{ $v.loadBalancer.algorithm | quote }}
bpf-lb-acceleration: {{ $v.loadBalancer.acceleration | quote }}
enable-bandwidth-manager: {{ $v.bandwidthManager.enabled | quote }}
enable-bbr: {{ $v.bandwidthManager.bbr | quote }}
enable-local-redirect-policy: {{ or $v.localRedirectPolicy $v.localRedirectPolicies.enabled | quote }}
enable-l2-announcements: {{ $v.l2announcements.enabled | quote }}
{{- if $v.l2announcements.enabled }}
{{- with $v.l2announcements.leaseDuration }}
l2-announcements-lease-duration: {{ . | quote }}
{{- end }}
{{- with $v.l2announcements.leaseRenewDeadline }}
l2-announcements-renew-deadline: {{ . | quote }}
{{- end }}
{{- with $v.l2announcements.leaseRetryPeriod }}
l2-announcements-retry-period: {{ . | quote }}
{{- end }}
{{- end }}
{{- with $v.k8sClientRateLimit.qps }}
k8s-client-qps: {{ . | quote }}
{{- end }}
{{- with $v.k8sClientRateLimit.burst }}
k8s-client-burst: {{ . | quote }}
{{- end }}
{{- with $v.MTU }}
mtu: {{ . | quote }}
{{- end }}
enable-l7-proxy: {{ $v.l7Proxy | quote }}
external-envoy-proxy: {{ eq (include "cilium.envoy.enabled" .) "true" | quote }}
{{- with $v.dnsProxy.dnsRejectResponseCode }}
tofqdns-dns-reject-response-code: {{ . | quote }}
{{- end }}
enable-lb-ipam: {{ $v.enableLBIPAM | quote }}
default-lb-service-ipam: {{ $v.defaultLBServiceIPAM | quote }}
ipam: {{ $v.ipam.mode | quote }}
ipam-cilium-node-update-rate: {{ $v.ipam.ciliumNodeUpdateRate | quote }}
{{- if eq $v.ipam.mode "cluster-pool" }}
{{- with $v.ipam.operator.clusterPoolIPv4PodCIDRList }}
cluster-pool-ipv4-cidr: {{ kindIs "slice" . | ternary (join " " (kindIs "slice" . | ternary . list)) . | quote }}
{{- end }}
cluster-pool-ipv4-mask-size: {{ $v.ipam.operator.clusterPoolIPv4MaskSize | quote }}
{{- end }}
enable-bgp-control-plane: {{ $v.bgpControlPlane.enabled | quote }}
{{- if $v.bgpControlPlane.enabled }}
bgp-secrets-namespace: {{ $v.bgpControlPlane.secretsNamespace.name | quote }}
enable-bgp-control-plane-status-report: {{ $v.bgpControlPlane.statusReport.enabled | quote }}
bgp-router-id-allocation-mode: {{ $v.bgpControlPlane.routerIDAllocation.mode | quote }}
enable-bgp-legacy-origin-attribute: {{ $v.bgpControlPlane.legacyOriginAttribute.enabled | quote }}
{{- end }}
enable-hubble: {{ $v.hubble.enabled | quote }}
{{- if $v.hubble.enabled }}
hubble-listen-address: {{ $v.hubble.listenAddress | quote }}
hubble-socket-path: {{ $v.hubble.socketPath | quote }}
hubble-disable-tls: {{ not $v.hubble.tls.enabled | quote }}
{{- with $v.hubble.metrics.enabled }}
hubble-metrics-server: {{ printf ":%v" $v.hubble.metrics.port | quote }}
hubble-metrics: {{ join " " . | quote }}
enable-hubble-open-metrics: {{ $v.hubble.metrics.enableOpenMetrics | quote }}
{{- end }}
{{- end }}
{{- if $v.prometheus.enabled }}
prometheus-serve-addr: {{ printf ":%v" $v.prometheus.port | quote }}
{{- end }}
{{- if $v.operator.prometheus.enabled }}
operator-prometheus-serve-addr: {{ printf ":%v" $v.operator.prometheus.port | quote }}
{{- end }}
skip-crd-creation: {{ $v.operator.skipCRDCreation | quote }}
remove-cilium-node-taints: {{ $v.operator.removeNodeTaints | quote }}
set-cilium-is-up-condition: {{ $v.operator.setNodeNetworkStatus | quote }}
cni-exclusive: {{ $v.cni.exclusive | quote }}
write-cni-conf-when-ready: {{ printf "%s/05-cilium.conflist" "/host/etc/cni/net.d" | quote }}
enable-ipsec: {{ and $v.encryption.enabled (eq $v.encryption.type "ipsec") | quote }}
enable-wireguard: {{ and $v.encryption.enabled (eq $v.encryption.type "wireguard") | quote }}
{{- with $v.extraConfig }}
{{ toYaml . }}
{{- end }}
{{- end -}}
