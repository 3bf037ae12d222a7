/** What each alert of the site's own says, and when it says nothing: series as promtool writes them, a minute apart. */

export interface AlertCase {
  readonly alert: string;
  readonly title: string;
  readonly series: Readonly<Record<string, string>>;
  /** When the alert is looked at, as Prometheus writes it. */
  readonly at: string;
  /** Labels but for the severity, with the summary and the description; nothing where it must be quiet. */
  readonly says?: {
    readonly labels: Readonly<Record<string, string>>;
    readonly summary: string;
    readonly description: string;
  };
}

const day = 86_400;
const cert = 'exported_namespace="certificates",name="wildcard"';
const expiration = `certmanager_certificate_expiration_timestamp_seconds{${cert},pod="a"}`;
const renewal = `certmanager_certificate_renewal_timestamp_seconds{${cert},pod="a"}`;
const constant = (value: number): string => `${value}x130`;
const named = { exported_namespace: "certificates", name: "wildcard" };
const nothingSent = {
  labels: { pod: "alloy-a" },
  summary: "alloy-a sends no lines to Loki",
  description: "Nothing is lost yet: what is not read waits on its machine.",
};
const outside = 'job="proxmox",instance="192.168.1.11:9100"';
const smart = 'job="smart",instance="192.168.1.11:9633",device="sda"';
const ups = 'job="ups",instance="192.168.1.9:9199"';
const acme =
  'certmanager_http_acme_client_request_count{host="acme",job="c",instance="i",status="429"}';
const applied = (status: string): string =>
  `resource_apply_total{kind="Deployment",name="envoy-lan",status="${status}",job="g",instance="i"}`;
const listener = 'job="envoy",pod="envoy-lan-1",envoy_http_conn_manager_prefix="https-10443"';
const member = (pod: string): string => `job="postgres-main",pod="${pod}"`;
const up = (pod: string): string => `cnpg_collector_up{${member(pod)}}`;
const oldUp = 'cnpg_collector_up{job="postgres-old",pod="old-1"}';
const replica = (metric: string): string => `cnpg_pg_replication_${metric}{${member("main-2")}}`;
const archived = `cnpg_pg_stat_archiver_last_archived_time{${member("main-1")}}`;
const unarchived = archived.replace("archived_time", "failed_time");
const lastBackup = (pod: string): string =>
  `barman_cloud_cloudnative_pg_io_last_available_backup_timestamp{${member(pod)}}`;
/** Thirty-six hours before the clock of these cases begins. */
const late = constant(-1.5 * day);
const redis = (metric: string, pod: string): string => `${metric}{job="redis-cache",pod="${pod}"}`;
const kafka = (metric: string, pod: string): string => `${metric}{job="kafka-main",pod="${pod}"}`;
const cronJob = (metric: string, name: string): string =>
  `${metric}{job="kube-state-metrics",namespace="buckets",cronjob="${name}"}`;
const replication = (metric: string, role: string): string =>
  `${metric}{job="volsync-metrics",role="${role}",method="restic",obj_namespace="immich",obj_name="library"}`;
const signals = 'tesla_signals_total{job="tesla-metrics",vehicle="model-y",signal="Soc"}';
const told = (vehicle: string, pod: string): string =>
  `tesla_record_timestamp_seconds{job="tesla-metrics",vehicle="${vehicle}",pod="${pod}"}`;
const refused = 'kafka_err{job="fleet-telemetry",pod="a"}';
const shop = 'envoy_cluster_name="httproute/shop/web/rule/0"';

/** What Argo CD's controller tells of an Application; `namespace` is the pod's own. */
const application = (sync: string, health: string, operation = ""): string =>
  'argocd_app_info{job="argocd-application-controller-metrics",namespace="argocd",exported_namespace="argocd",' +
  `name="photos",project="site",sync_status="${sync}",health_status="${health}",operation="${operation}"}`;

const probed = (host: string, as: string, path = "/"): string =>
  `{job="names",host="${host}",to="public",as="${as}",instance="${host}${path}"}`;
const isAnswered = (host: string, as: string): string => `probe_success${probed(host, as)}`;
const status = (host: string, as: string): string => `probe_http_status_code${probed(host, as)}`;
const asked = (host: string, as: string) => ({ host, to: "public", as });
const unanswered =
  "Asked as a visitor once a minute: no answer, none that was expected, or a certificate that is not to be trusted.";

export const alertCases: readonly AlertCase[] = [
  {
    alert: "ArgoCdNotSynced",
    title: "tells of an Application that fails to be synced again and again",
    series: {
      [application("OutOfSync", "Missing")]: "1x30 _x100",
      [application("OutOfSync", "Missing", "sync")]: "_x31 1x20 _x80",
      [application("Unknown", "Missing")]: "_x52 1x60",
    },
    at: "70m",
    says: {
      labels: { name: "photos" },
      summary: "the Application photos is not what its repository says",
      description: "Argo CD has not brought it there, or cannot tell, for an hour.",
    },
  },
  {
    alert: "ArgoCdNotSynced",
    title: "leaves Argo CD its time, and is quiet about what is as it should be",
    series: {
      [application("OutOfSync", "Healthy")]: "1x40 _x60",
      [application("Synced", "Healthy")]: "_x41 1x60",
    },
    at: "70m",
  },
  {
    alert: "ArgoCdNotHealthy",
    title: "tells of an Application whose objects fail",
    series: { [application("Synced", "Degraded")]: constant(1) },
    at: "40m",
    says: {
      labels: { name: "photos" },
      summary: "the Application photos does not run as it should",
      description: "Argo CD finds objects of it that fail, or that are not there.",
    },
  },
  {
    alert: "ArgoCdNotHealthy",
    title: "is quiet about one that is still on its way",
    series: { [application("Synced", "Progressing")]: constant(1) },
    at: "2h",
  },
  {
    alert: "SiteSilent",
    title: "tells of another site whose metrics have stopped",
    series: { 'cabin:up{job="kubelet",site="cabin"}': "1x10 _x60" },
    at: "40m",
    says: {
      labels: { other: "cabin" },
      summary: "site cabin sends no metrics",
      description:
        "Nothing of its Prometheus has come for 20 minutes: the site, its line, or the way through the tailnet is down.",
    },
  },
  {
    alert: "SiteSilent",
    title: "is quiet while something comes, whatever it says",
    series: { 'cabin:up{job="kubelet",site="cabin"}': "0x60" },
    at: "40m",
  },
  {
    alert: "NameDown",
    title: "tells of a name that does not answer",
    series: { [isAnswered("a.example.net", "visitor")]: constant(0) },
    at: "10m",
    says: {
      labels: asked("a.example.net", "visitor"),
      summary: "a.example.net does not answer (public)",
      description: unanswered,
    },
  },
  {
    alert: "NameDown",
    title: "tells of a name whose door is gone with all that is behind it",
    series: {
      [isAnswered("a.example.net", "stranger")]: constant(0),
      [status("a.example.net", "stranger")]: constant(530),
    },
    at: "10m",
    says: {
      labels: asked("a.example.net", "stranger"),
      summary: "a.example.net does not answer (public)",
      description: unanswered.replace("visitor", "stranger"),
    },
  },
  {
    alert: "NameDown",
    title: "is quiet about a name that missed one question",
    series: { [isAnswered("a.example.net", "visitor")]: "1x5 0 1x20" },
    at: "6m",
  },
  {
    alert: "NameDown",
    title: "leaves a name that is open to the other alert",
    series: {
      [isAnswered("a.example.net", "stranger")]: constant(0),
      [status("a.example.net", "stranger")]: constant(200),
    },
    at: "10m",
  },
  {
    alert: "NameCertificateEndsSoon",
    title: "tells of a server that has not read its new certificate, by whatever way it is asked",
    series: {
      [`probe_ssl_earliest_cert_expiry${probed("a.example.net", "visitor")}`]: constant(6 * day),
      [`probe_ssl_earliest_cert_expiry${probed("a.example.net", "visitor", "/api")}`]: constant(
        60 * day,
      ),
    },
    at: "2h",
    says: {
      labels: { host: "a.example.net", to: "public" },
      summary: "a.example.net shows a certificate that ends within a week (public)",
      description:
        "It ends in 5d 22h 0m 0s: it was not renewed, or whoever shows it has not read the new one.",
    },
  },
  {
    alert: "NameCertificateEndsSoon",
    title: "is quiet about one that is renewed in time",
    series: {
      [`probe_ssl_earliest_cert_expiry${probed("a.example.net", "visitor")}`]: constant(28 * day),
    },
    at: "2h",
  },
  {
    alert: "NameOpen",
    title: "tells of a stranger who is let in",
    series: {
      [isAnswered("a.example.net", "stranger")]: constant(0),
      [status("a.example.net", "stranger")]: constant(200),
      [isAnswered("b.example.net", "stranger")]: constant(1),
      [status("b.example.net", "stranger")]: constant(302),
    },
    at: "10m",
    says: {
      labels: { host: "a.example.net" },
      summary: "a.example.net is open to the internet, without Access",
      description:
        "A request without a login was answered with 200, and not sent to Access' login.",
    },
  },
  {
    alert: "NameDown",
    title: "tells of one path of a name beside others that answer",
    series: {
      [isAnswered("a.example.net", "visitor")]: constant(1),
      [`probe_success${probed("a.example.net", "visitor", "/api")}`]: constant(0),
    },
    at: "10m",
    says: {
      labels: asked("a.example.net", "visitor"),
      summary: "a.example.net does not answer (public)",
      description: unanswered,
    },
  },
  {
    alert: "NameOpen",
    title: "is quiet about a path at which the edge fails beside one that is guarded",
    series: {
      [isAnswered("a.example.net", "stranger")]: constant(1),
      [status("a.example.net", "stranger")]: constant(302),
      [`probe_success${probed("a.example.net", "stranger", "/api")}`]: constant(0),
      [`probe_http_status_code${probed("a.example.net", "stranger", "/api")}`]: constant(530),
    },
    at: "10m",
  },
  {
    alert: "NameOpen",
    title: "is quiet where the edge fails, or asks to wait",
    series: {
      [isAnswered("a.example.net", "stranger")]: constant(0),
      [status("a.example.net", "stranger")]: constant(530),
      [isAnswered("b.example.net", "stranger")]: constant(0),
      [status("b.example.net", "stranger")]: constant(429),
    },
    at: "10m",
  },
  {
    alert: "CertificateNotRenewed",
    title: "tells of a certificate whose time of renewal is over",
    series: { [expiration]: constant(20 * day), [renewal]: constant(0.01 * day) },
    at: "2h",
    says: {
      labels: named,
      summary: "certificates/wildcard should have been renewed",
      description: "It ends in 19d 22h 0m 0s, and its time of renewal is over.",
    },
  },
  {
    alert: "CertificateNotRenewed",
    title: "leaves short-lived ones alone until they should have been renewed",
    series: { [expiration]: constant(6 * day), [renewal]: constant(5 * day) },
    at: "2h",
  },
  {
    alert: "CertificateEndsSoon",
    title: "tells once of one that two pods know",
    series: {
      [expiration]: constant(6 * day),
      [expiration.replace('"a"', '"b"')]: constant(6 * day),
      [renewal]: constant(1),
    },
    at: "1h",
    says: {
      labels: named,
      summary: "certificates/wildcard ends within a week, and is not renewed",
      description: "It ends in 5d 23h 0m 0s. Whoever shows it is refused then.",
    },
  },
  {
    alert: "CertificateEndsSoon",
    title: "takes none that was never issued for one that ended in 1970",
    series: { [expiration]: constant(0), [renewal]: constant(0) },
    at: "1h",
  },
  {
    alert: "CertificateNotReady",
    title: "tells of one that cannot be used",
    series: {
      [`certmanager_certificate_ready_status{${cert},condition="False"}`]: constant(1),
      [`certmanager_certificate_ready_status{${cert},condition="True"}`]: constant(0),
    },
    at: "1h",
    says: {
      labels: named,
      summary: "certificates/wildcard cannot be used",
      description: "It was never issued, has ended, or does not fit what it is asked to be.",
    },
  },
  {
    alert: "IssuerNotReady",
    title: "tells of an issuer that issues nothing",
    series: {
      'certmanager_clusterissuer_ready_status{name="letsencrypt",condition="False"}': constant(1),
    },
    at: "1h",
    says: {
      labels: { name: "letsencrypt" },
      summary: "the issuer letsencrypt issues nothing",
      description: "Certificates that it issued stay good until they have to be renewed.",
    },
  },
  {
    alert: "LetsEncryptLimitMet",
    title: "tells of the first refusal, which no counter was there before",
    series: { [acme]: "_x90 1x60", 'up{job="c",instance="i"}': constant(1) },
    at: "100m",
    says: {
      labels: { host: "acme" },
      summary: "acme refuses orders for their number",
      description:
        "It answered 429 1 times within the last hour. Nothing that it issues is renewed meanwhile.",
    },
  },
  {
    alert: "LetsEncryptLimitMet",
    title: "does not tell of old refusals when Prometheus begins to look",
    series: { [acme]: "7x120", 'up{job="c",instance="i"}': constant(1) },
    at: "30m",
  },
  {
    alert: "CiliumNodeUnreachable",
    title: "tells of machines that do not reach each other",
    series: {
      'cilium_unreachable_nodes{instance="stone:9962"}': constant(1),
      'kube_node_status_condition{node="oak",condition="Ready",status="true"}': constant(1),
    },
    at: "20m",
    says: {
      labels: { instance: "stone:9962" },
      summary: "pods at stone:9962 do not reach all machines",
      description:
        "Its Cilium does not reach 1 of the machines, though Kubernetes takes all of them for ready.",
    },
  },
  {
    alert: "CiliumNodeUnreachable",
    title: "tells of pods that are not reached while their machine is",
    series: {
      'cilium_unreachable_nodes{instance="stone:9962"}': constant(0),
      'cilium_unreachable_health_endpoints{instance="stone:9962"}': constant(2),
      'kube_node_status_condition{node="oak",condition="Ready",status="true"}': constant(1),
    },
    at: "20m",
    says: {
      labels: { instance: "stone:9962" },
      summary: "pods at stone:9962 do not reach all machines",
      description:
        "Its Cilium does not reach 2 of the machines, though Kubernetes takes all of them for ready.",
    },
  },
  {
    alert: "CiliumNodeUnreachable",
    title: "leaves a machine that is off to KubeNodeNotReady",
    series: {
      'cilium_unreachable_nodes{instance="stone:9962"}': constant(1),
      'kube_node_status_condition{node="oak",condition="Ready",status="true"}': constant(0),
    },
    at: "20m",
  },
  {
    alert: "CiliumEndpointsNotReady",
    title: "counts pods without a network",
    series: {
      'cilium_endpoint_state{instance="stone:9962",endpoint_state="ready"}': constant(20),
      'cilium_endpoint_state{instance="stone:9962",endpoint_state="not-ready"}': constant(2),
    },
    at: "20m",
    says: {
      labels: { instance: "stone:9962" },
      summary: "pods at stone:9962 have no network",
      description: "2 pods wait for Cilium to let their packets through.",
    },
  },
  {
    alert: "CiliumControllersFailing",
    title: "tells of tasks that fail for half an hour",
    series: { 'cilium_controllers_failing{instance="stone:9962"}': constant(3) },
    at: "40m",
    says: {
      labels: { instance: "stone:9962" },
      summary: "Cilium at stone:9962 does not get on with its work",
      description: "3 of its tasks have failed again and again for half an hour.",
    },
  },
  {
    alert: "CiliumControllersFailing",
    title: "bears one that succeeds in between",
    series: { 'cilium_controllers_failing{instance="stone:9962"}': "1 1 1 0 1 1 1 1 0 1 1 1x50" },
    at: "20m",
  },
  {
    alert: "CiliumMapNearlyFull",
    title: "tells of a map before it is full",
    series: { 'cilium_bpf_map_pressure{instance="stone:9962",map_name="ct4_global"}': "0.95x60" },
    at: "20m",
    says: {
      labels: { instance: "stone:9962", map_name: "ct4_global" },
      summary: "Cilium's map ct4_global at stone:9962 is nearly full",
      description:
        "95% of it are taken. Once it is full, the oldest connections are pushed out, or what is new finds no room.",
    },
  },
  {
    alert: "CiliumDropsPackets",
    title: "tells of packets that the network loses",
    series: {
      'cilium_drop_count_total{instance="stone:9962",reason="Fragmentation needed"}': "0+60x60",
    },
    at: "30m",
    says: {
      labels: { instance: "stone:9962", reason: "Fragmentation needed" },
      summary: "Cilium at stone:9962 loses packets: Fragmentation needed",
      description: "It drops 1.0 packets a second, and no policy is why.",
    },
  },
  {
    alert: "CiliumDropsPackets",
    title: "says nothing of what a policy denies",
    series: { 'cilium_drop_count_total{instance="stone:9962",reason="Policy denied"}': "0+600x60" },
    at: "30m",
  },
  {
    alert: "BgpSessionDown",
    title: "names machine and router",
    series: {
      'cilium_bgp_control_plane_session_state{instance="stone:9962",neighbor="192.168.1.1:179"}':
        constant(0),
      'cilium_bgp_control_plane_session_state{instance="oak:9962",neighbor="192.168.1.1:179"}':
        constant(1),
    },
    at: "20m",
    says: {
      labels: { instance: "stone:9962", neighbor: "192.168.1.1:179" },
      summary: "stone:9962 has no BGP session with 192.168.1.1:179",
      description: "The router sends this machine nothing. Others take it over.",
    },
  },
  {
    alert: "BgpDown",
    title: "is raised when the last session is gone",
    series: {
      'cilium_bgp_control_plane_session_state{instance="stone:9962",neighbor="r"}': constant(0),
      'cilium_bgp_control_plane_session_state{instance="oak:9962",neighbor="r"}': constant(0),
    },
    at: "10m",
    says: {
      labels: {},
      summary: "no machine has a BGP session",
      description:
        "No router knows the way to pods and load balancers: none is reached on the LAN.",
    },
  },
  {
    alert: "BgpDown",
    title: "is quiet while one session stands",
    series: {
      'cilium_bgp_control_plane_session_state{instance="stone:9962",neighbor="r"}': constant(0),
      'cilium_bgp_control_plane_session_state{instance="oak:9962",neighbor="r"}': constant(1),
    },
    at: "10m",
  },
  {
    alert: "LoadBalancerWithoutAddress",
    title: "counts Services that wait",
    series: { cilium_operator_lbipam_services_unsatisfied: constant(2) },
    at: "20m",
    says: {
      labels: {},
      summary: "2 Services have not got the addresses that they ask for",
      description: "The pool has no such address left, or the address is another's already.",
    },
  },
  {
    alert: "EnvoyRejectsConfig",
    title: "tells of the first refusal, which no counter was there before",
    series: {
      'xds_nack_total{typeURL="Listener",job="g",instance="i"}': "_x90 1x60",
      'up{job="g",instance="i"}': constant(1),
    },
    at: "100m",
    says: {
      labels: { typeURL: "Listener" },
      summary: "a proxy does not take its configuration",
      description:
        "It refused Listener within the last hour, and goes on with what it had: new routes and renewed certificates may not be in force.",
    },
  },
  {
    alert: "GatewayNotApplied",
    title: "tells of one failure, which is not tried again",
    series: {
      [applied("failure")]: "_x90 1x60",
      'up{job="g",instance="i"}': constant(1),
    },
    at: "100m",
    says: {
      labels: { kind: "Deployment", name: "envoy-lan" },
      summary: "Envoy Gateway does not get Deployment envoy-lan into the cluster",
      description: "It failed 1 times within the last hour.",
    },
  },
  {
    alert: "GatewayNotApplied",
    title: "tells of what a pod of a new release fails at when it starts",
    series: {
      'up{job="g",instance="old"}': "1x85 _x60",
      [applied("failure")]: "_x90 1x60",
      'up{job="g",instance="i"}': "_x90 1x60",
    },
    at: "100m",
    says: {
      labels: { kind: "Deployment", name: "envoy-lan" },
      summary: "Envoy Gateway does not get Deployment envoy-lan into the cluster",
      description: "It failed 1 times within the last hour.",
    },
  },
  {
    alert: "GatewayNotApplied",
    title: "is over once a success follows",
    series: {
      [applied("failure")]: "_x90 1x60",
      [applied("success")]: "7x95 8x60",
      'up{job="g",instance="i"}': constant(1),
    },
    at: "100m",
  },
  {
    alert: "GatewayBackendErrors",
    title: "tells how much of a route fails",
    series: {
      [`envoy_cluster_upstream_rq_xx{${shop},envoy_response_code_class="2"}`]: "0+75x60",
      [`envoy_cluster_upstream_rq_xx{${shop},envoy_response_code_class="5"}`]: "0+25x60",
    },
    at: "30m",
    says: {
      labels: { envoy_cluster_name: "httproute/shop/web/rule/0" },
      summary: "httproute/shop/web/rule/0 answers with errors",
      description: "25% of its answers are 5xx.",
    },
  },
  {
    alert: "GatewayBackendErrors",
    title: "bears a single error of a route that hardly anybody asks for",
    series: {
      [`envoy_cluster_upstream_rq_xx{${shop},envoy_response_code_class="2"}`]: "0x20 1x40",
      [`envoy_cluster_upstream_rq_xx{${shop},envoy_response_code_class="5"}`]: "0x20 1x40",
    },
    at: "25m",
  },
  {
    alert: "GatewayErrors",
    title: "tells of what the gateway answers itself, for want of any backend",
    series: {
      [`envoy_http_downstream_rq_xx{${listener},envoy_response_code_class="2"}`]: "0+60x60",
      [`envoy_http_downstream_rq_xx{${listener},envoy_response_code_class="5"}`]: "0+20x60",
    },
    at: "30m",
    says: {
      labels: { pod: "envoy-lan-1" },
      summary: "the gateway's pod envoy-lan-1 answers with errors",
      description: "25% of its answers are 5xx.",
    },
  },
  {
    alert: "GatewayErrors",
    title: "leaves Envoy's own listeners and Cilium's Envoy out",
    series: {
      [`envoy_http_downstream_rq_xx{${listener.replace("https-10443", "eg-ready-http")},envoy_response_code_class="5"}`]:
        "0+20x60",
      [`envoy_http_downstream_rq_xx{${listener.replace('"envoy"', '"cilium-envoy"')},envoy_response_code_class="5"}`]:
        "0+20x60",
    },
    at: "30m",
  },
  {
    alert: "LogsNotSent",
    title: "names the pod of a machine whose lines do not come",
    series: {
      'loki_write_sent_entries_total{job="alloy",pod="alloy-a"}': "0+60x20 1200x60",
      'loki_write_sent_entries_total{job="alloy",pod="alloy-b"}': "0+60x80",
    },
    at: "60m",
    says: nothingSent,
  },
  {
    alert: "LogsNotSent",
    title: "names the pod of a machine of which nothing was ever read",
    series: {
      'up{job="alloy",pod="alloy-a"}': constant(1),
      'up{job="alloy",pod="alloy-b"}': constant(1),
      'loki_write_sent_entries_total{job="alloy",pod="alloy-b"}': "0+60x80",
    },
    at: "60m",
    says: nothingSent,
  },
  {
    alert: "LogsDropped",
    title: "says how many lines are lost, and why",
    series: {
      'loki_write_dropped_entries_total{job="alloy",pod="alloy-a",reason="ingester_error"}':
        "0x60 0+2x30",
      'up{job="alloy",pod="alloy-a"}': constant(1),
    },
    at: "90m",
    says: {
      labels: { pod: "alloy-a", reason: "ingester_error" },
      summary: "Loki refuses lines of alloy-a: ingester_error",
      description: "58 of them are lost, within the last hour.",
    },
  },
  {
    alert: "LokiNotStoring",
    title: "is raised while chunks do not get into the bucket",
    series: { loki_ingester_chunks_flush_failures_total: "0+3x60" },
    at: "40m",
    says: {
      labels: {},
      summary: "Loki cannot put lines into its bucket",
      description:
        "It keeps them in its volume meanwhile. When that is full, and machines delete what they hold for it, lines are lost.",
    },
  },
  {
    alert: "LokiNotStoring",
    title: "bears a bucket that was away for a moment",
    series: { loki_ingester_chunks_flush_failures_total: "0x10 5x60" },
    at: "40m",
  },
  {
    alert: "LokiNotDeleting",
    title: "tells of a compactor that has never come to its end",
    series: {
      loki_compactor_apply_retention_last_successful_run_timestamp_seconds: "-90000x120",
    },
    at: "90m",
    says: {
      labels: {},
      summary: "Loki has deleted no old lines for a day",
      description: "Its bucket fills, until nothing new finds room.",
    },
  },
  {
    alert: "LokiNotDeleting",
    title: "is quiet while it deletes",
    series: {
      loki_compactor_apply_retention_last_successful_run_timestamp_seconds: "0+60x120",
    },
    at: "90m",
  },
  {
    alert: "LogRulesFail",
    title: "tells of rules that cannot be evaluated",
    series: {
      'loki_prometheus_rule_evaluation_failures_total{user="fake",rule_group="homelab.logs"}':
        "0+1x60",
    },
    at: "40m",
    says: {
      labels: {},
      summary: "Loki cannot evaluate rules on lines",
      description: "Alerts on what the kernel, RKE2 and programs say may not come.",
    },
  },
  {
    alert: "TunnelDown",
    title: "is raised when no pod has a connection",
    series: {
      'cloudflared_tunnel_ha_connections{pod="a"}': constant(0),
      'cloudflared_tunnel_ha_connections{pod="b"}': constant(0),
    },
    at: "10m",
    says: {
      labels: {},
      summary: "no name of the site is reached from the internet",
      description: "cloudflared runs, and none of its pods has a connection to Cloudflare.",
    },
  },
  {
    alert: "TunnelThin",
    title: "names the pod",
    series: {
      'cloudflared_tunnel_ha_connections{pod="a"}': constant(1),
      'cloudflared_tunnel_ha_connections{pod="b"}': constant(4),
    },
    at: "40m",
    says: {
      labels: { pod: "a" },
      summary: "a has 1 of four connections to Cloudflare",
      description:
        "When the last goes, what comes through this pod from the internet goes with it.",
    },
  },
  {
    alert: "TunnelErrors",
    title: "tells how many requests end without an answer",
    series: {
      'cloudflared_tunnel_request_errors{pod="a"}': "0+60x60",
      'cloudflared_tunnel_total_requests{pod="a"}': "0+100x60",
    },
    at: "30m",
    says: {
      labels: {},
      summary: "what is published does not answer the tunnel",
      description:
        "60% of the requests from the internet ended without a whole answer: nothing reached, or visitors left.",
    },
  },
  {
    alert: "TunnelErrors",
    title: "bears visitors who leave",
    series: {
      'cloudflared_tunnel_request_errors{pod="a"}': "0+20x60",
      'cloudflared_tunnel_total_requests{pod="a"}': "0+100x60",
    },
    at: "30m",
  },
  {
    alert: "CephDisksMissing",
    title: "misses a disk that Ceph never had",
    series: {
      'ceph_osd_up{ceph_daemon="osd.0"}': constant(1),
      'ceph_osd_up{ceph_daemon="osd.1"}': constant(1),
      'ceph_osd_up{ceph_daemon="osd.2"}': constant(1),
    },
    at: "1h",
    says: {
      labels: {},
      summary: "Ceph uses 3 of the 4 disks that the site gives it",
      description: "A disk or its machine is gone, or Rook does not take the disk.",
    },
  },
  {
    alert: "CephDisksMissing",
    title: "misses them all when none is up",
    series: {
      'ceph_osd_up{ceph_daemon="osd.0",instance="a"}': constant(0),
      'ceph_osd_up{ceph_daemon="osd.1",instance="a"}': constant(0),
    },
    at: "1h",
    says: {
      labels: {},
      summary: "Ceph uses 0 of the 4 disks that the site gives it",
      description: "A disk or its machine is gone, or Rook does not take the disk.",
    },
  },
  {
    alert: "CephNoRoomToHeal",
    title: "tells before copies could not be made anew",
    series: { ceph_cluster_total_used_raw_bytes: constant(101 * 1024 ** 3) },
    at: "2h",
    says: {
      labels: {},
      summary: "Ceph could not make all copies anew when its largest part is lost",
      description:
        "101GiB of its disks are taken; up to 100 GiB the others hold what the largest host had, or the largest disk of one host.",
    },
  },
  {
    alert: "ProcessKilledForMemory",
    title: "names the machine",
    series: {
      'node_vmstat_oom_kill{job="node-exporter",instance="i"}': "0x30 1x30",
      'node_uname_info{job="node-exporter",instance="i",nodename="stone"}': constant(1),
    },
    at: "35m",
    says: {
      labels: { job: "node-exporter", instance: "i", nodename: "stone" },
      summary: "stone ended a process for want of memory",
      description:
        "1 processes within a quarter of an hour: of a pod that is above its limit, or of a machine that is full.",
    },
  },
  {
    alert: "HostDiskNearlyFull",
    title: "names the disk",
    series: {
      [`node_filesystem_avail_bytes{${outside},mountpoint="/",fstype="ext4"}`]: constant(5),
      [`node_filesystem_size_bytes{${outside},mountpoint="/",fstype="ext4"}`]: constant(100),
      [`node_filesystem_readonly{${outside},mountpoint="/",fstype="ext4"}`]: constant(0),
    },
    at: "1h",
    says: {
      labels: { job: "proxmox", instance: "192.168.1.11:9100", mountpoint: "/", fstype: "ext4" },
      summary: "/ at 192.168.1.11:9100 is nearly full",
      description: "5% of it are free.",
    },
  },
  {
    alert: "HostMemoryShort",
    title: "tells how much is left",
    series: {
      [`node_memory_MemAvailable_bytes{${outside}}`]: constant(2),
      [`node_memory_MemTotal_bytes{${outside}}`]: constant(100),
    },
    at: "1h",
    says: {
      labels: { job: "proxmox", instance: "192.168.1.11:9100" },
      summary: "192.168.1.11:9100 is short of memory",
      description: "2% are left. On a Proxmox host a virtual machine is ended next.",
    },
  },
  {
    alert: "HostMemoryShort",
    title: "counts what ZFS gives back as free",
    series: {
      [`node_memory_MemAvailable_bytes{${outside}}`]: constant(2),
      [`node_zfs_arc_size{${outside}}`]: constant(50),
      [`node_memory_MemTotal_bytes{${outside}}`]: constant(100),
    },
    at: "1h",
  },
  {
    alert: "HostClockWrong",
    title: "tells of a clock that runs by itself",
    series: {
      [`node_timex_sync_status{${outside}}`]: constant(0),
      [`node_timex_maxerror_seconds{${outside}}`]: constant(16),
    },
    at: "1h",
    says: {
      labels: { job: "proxmox", instance: "192.168.1.11:9100" },
      summary: "the clock of 192.168.1.11:9100 follows no other",
      description:
        "Machines begin with their host's time; certificates and Ceph need the right one.",
    },
  },
  {
    alert: "DiskFailing",
    title: "names the disk",
    series: {
      [`smartctl_device_smart_status{${smart}}`]: constant(0),
      [`smartctl_device_smartctl_exit_status{${smart}}`]: constant(24),
    },
    at: "20m",
    says: {
      labels: { instance: "192.168.1.11:9633", device: "sda" },
      summary: "the disk sda of 192.168.1.11:9633 says that it fails",
      description: "Its own test of health (SMART) is not passed.",
    },
  },
  {
    alert: "DiskFailing",
    title: "bears one that says nothing of its health, which older exporters call 0",
    series: {
      [`smartctl_device_smart_status{${smart}}`]: constant(0),
      [`smartctl_device_smartctl_exit_status{${smart}}`]: constant(4),
    },
    at: "20m",
  },
  {
    alert: "HostPoolDegraded",
    title: "names a pool that has lost a disk, of which SMART says nothing any more",
    series: {
      [`node_zfs_zpool_state{${outside},zpool="rpool",state="degraded"}`]: constant(1),
      [`node_zfs_zpool_state{${outside},zpool="rpool",state="online"}`]: constant(0),
      [`smartctl_device_smart_status{${smart}}`]: constant(1),
      [`smartctl_device_smartctl_exit_status{${smart}}`]: constant(0),
    },
    at: "20m",
    says: {
      labels: { instance: "192.168.1.11:9100", zpool: "rpool", state: "degraded" },
      summary: "the ZFS pool rpool of 192.168.1.11:9100 is degraded",
      description: "A disk of it is missing or gives errors: what is left may be the only copy.",
    },
  },
  {
    alert: "HostNotAnswering",
    title: "tells of one that does not answer, and be it one of many",
    series: {
      [`up{${outside}}`]: constant(0),
      ...Object.fromEntries(
        Array.from({ length: 11 }, (_, i) => [
          `up{job="proxmox",instance="192.168.1.${20 + i}:9100"}`,
          constant(1),
        ]),
      ),
    },
    at: "20m",
    says: {
      labels: { job: "proxmox", instance: "192.168.1.11:9100" },
      summary: "192.168.1.11:9100 (proxmox) does not answer",
      description: "No alert about what it tells of comes meanwhile.",
    },
  },
  {
    alert: "UpsOnBattery",
    title: "tells that the line is gone",
    series: {
      [`network_ups_tools_ups_status{${ups},flag="OB"}`]: constant(1),
      [`network_ups_tools_ups_status{${ups},flag="OL"}`]: constant(0),
    },
    at: "5m",
    says: {
      labels: { instance: "192.168.1.9:9199" },
      summary: "the UPS at 192.168.1.9:9199 runs on its battery",
      description: "The line is gone, or the UPS thinks so.",
    },
  },
  {
    alert: "UpsBatteryLow",
    title: "tells at once",
    series: { [`network_ups_tools_ups_status{${ups},flag="LB"}`]: constant(1) },
    at: "0m",
    says: {
      labels: { instance: "192.168.1.9:9199" },
      summary: "the battery of the UPS at 192.168.1.9:9199 ends",
      description: "Whatever is not shut down now loses its power.",
    },
  },
  {
    alert: "PartNotWatched",
    title: "names a part of which nothing is found to ask",
    series: { 'up{job="cilium-agent",instance="stone:9962"}': constant(0) },
    at: "1h",
    says: {
      labels: { job: "cloudflared" },
      summary: "nothing of cloudflared is watched",
      description: "Prometheus finds no pod of it to ask. Alerts about it say nothing meanwhile.",
    },
  },
  {
    alert: "PostgresDown",
    title: "tells of a cluster of which nothing answers, and of no other one",
    series: { [up("main-1")]: constant(0), [oldUp]: constant(1) },
    at: "30m",
    says: {
      labels: { cluster: "main" },
      summary: "no instance of the Postgres cluster main answers",
      description: "Whatever keeps its data there stands still.",
    },
  },
  {
    alert: "PostgresDown",
    title: "tells nothing of one with an instance left",
    series: { [up("main-1")]: constant(1), [up("main-2")]: constant(0), [oldUp]: constant(1) },
    at: "30m",
  },
  {
    alert: "PostgresInstanceMissing",
    title: "tells of an instance that is gone with its metrics",
    series: { [up("main-1")]: constant(1), [up("main-2")]: constant(1), [oldUp]: constant(1) },
    at: "1h",
    says: {
      labels: { cluster: "main" },
      summary: "the Postgres cluster main has 2 instances that answer",
      description: "The next host that is lost may take the last of them with it.",
    },
  },
  {
    alert: "PostgresInstanceMissing",
    title: "is quiet during a restart",
    series: {
      [up("main-1")]: constant(1),
      [up("main-2")]: constant(1),
      [up("main-3")]: "1x40 0x20 1x70",
      [oldUp]: constant(1),
    },
    at: "1h",
  },
  {
    alert: "PostgresReplicaBehind",
    title: "tells of a replica that lacks more than five minutes",
    series: { [replica("lag")]: constant(600) },
    at: "30m",
    says: {
      labels: { job: "postgres-main", pod: "main-2" },
      summary: "main-2 is behind its primary",
      description: "It lacks the last 10m 0s, which are lost where it has to take over.",
    },
  },
  {
    alert: "PostgresReplicaDetached",
    title: "tells of a replica that answers, says that it lacks nothing, and asks in vain",
    series: {
      ...{ [up("main-1")]: constant(1), [up("main-2")]: constant(1), [up("main-3")]: constant(1) },
      ...{ [replica("lag")]: constant(0), [replica("in_recovery")]: constant(1) },
      [replica("is_wal_receiver_up")]: "0x20 1 0x10 1 0x100",
    },
    at: "1h",
    says: {
      labels: { job: "postgres-main", pod: "main-2" },
      summary: "main-2 gets nothing from its primary",
      description:
        "What has been written since is lost where it has to take over, and its log stays on the primary's volume.",
    },
  },
  {
    alert: "PostgresReplicaDetached",
    title: "is quiet of a primary, and of one that has become a replica",
    series: {
      [replica("in_recovery")]: "0x40 1x80",
      [replica("is_wal_receiver_up")]: "0x41 1x80",
    },
    at: "55m",
  },
  {
    alert: "PostgresNotArchived",
    title: "tells of a log whose last way to the archive failed",
    series: { [archived]: constant(600), [unarchived]: constant(900) },
    at: "30m",
    says: {
      labels: { job: "postgres-main", pod: "main-1" },
      summary: "the log of main-1 is not archived",
      description:
        "Nothing that was written since can be recovered, and the volume of the log fills.",
    },
  },
  {
    alert: "PostgresNotArchived",
    title: "forgives what failed before the last that arrived, and what never failed",
    series: { [archived]: constant(900), [unarchived]: constant(600) },
    at: "30m",
  },
  {
    alert: "PostgresBackupLate",
    title: "tells of a base backup that should have been followed by another one",
    series: { [lastBackup("main-1")]: late, [lastBackup("main-2")]: late },
    at: "2h",
    says: {
      labels: { cluster: "main" },
      summary: "the last base backup of the Postgres cluster main is old",
      description:
        "It was 1d 14h 0m 0s ago; decades stand for never. A recovery has to run through all of the log since.",
    },
  },
  {
    alert: "PostgresBackupLate",
    title: "is content with yesterday's",
    series: { [lastBackup("main-1")]: constant(0) },
    at: "2h",
  },
  {
    alert: "RedisWithoutMaster",
    title: "tells of an instance of which no pod is the master, and of one that is gone",
    series: { [redis("dragonfly_master", "cache-0")]: constant(0) },
    at: "30m",
    says: {
      labels: { instance: "cache" },
      summary: "no pod of the Redis instance cache is the master",
      description: "Nothing reaches it: its Service leads to the master alone.",
    },
  },
  {
    alert: "RedisWithoutMaster",
    title: "bears a change of the master",
    series: {
      [redis("dragonfly_master", "cache-0")]: "1x20 0x100",
      [redis("dragonfly_master", "cache-1")]: "0x22 1x100",
    },
    at: "30m",
  },
  {
    alert: "RedisPodMissing",
    title: "tells of a pod that is gone with its metrics",
    series: { [redis("dragonfly_master", "cache-0")]: constant(1) },
    at: "1h",
    says: {
      labels: { instance: "cache" },
      summary: "the Redis instance cache has 1 pods that answer",
      description: "The next host that is lost may take the last copy with it.",
    },
  },
  {
    alert: "RedisMemoryShort",
    title: "tells of a pod that is nearly full",
    series: {
      [redis("dragonfly_memory_used_bytes", "cache-0")]: constant(95),
      [redis("dragonfly_memory_max_bytes", "cache-0")]: constant(100),
    },
    at: "30m",
    says: {
      labels: { job: "redis-cache", pod: "cache-0" },
      summary: "the memory of cache-0 is nearly full",
      description: "95% of what it may take are in use; writes fail when it is all.",
    },
  },
  {
    alert: "RedisNotSaved",
    title: "tells of snapshots that fail",
    series: {
      [redis("dragonfly_backups_total", "cache-0")]: "0x60 1x60 2x60 3x60 4x60",
      [redis("dragonfly_failed_backups_total", "cache-0")]: "0x60 1x60 2x60 3x60 4x60",
    },
    at: "5h",
    says: {
      labels: { instance: "cache" },
      summary: "the Redis instance cache is not saved any more",
      description: "No snapshot has arrived in twice the time in which one should.",
    },
  },
  {
    alert: "RedisNotSaved",
    title: "is content with one an hour",
    series: {
      [redis("dragonfly_backups_total", "cache-0")]: "0x60 1x60 2x60 3x60 4x60",
      [redis("dragonfly_failed_backups_total", "cache-0")]: "0x300",
    },
    at: "5h",
  },
  {
    alert: "BucketCopyLate",
    title: "tells of a bucket whose copies fail",
    series: {
      [cronJob("kube_cronjob_created", "photos")]: constant(-10 * day),
      [cronJob("kube_cronjob_status_last_successful_time", "photos")]: constant(-3 * day),
      [cronJob("kube_cronjob_created", "scans")]: constant(-10 * day),
      [cronJob("kube_cronjob_status_last_successful_time", "scans")]: constant(0),
    },
    at: "1h",
    says: {
      labels: { cronjob: "photos" },
      summary: "the bucket photos is not copied any more",
      description:
        "Its last copy is 3d 1h 0m 0s old. What was written since is lost with the site.",
    },
  },
  {
    alert: "BucketCopyLate",
    title: "tells of a bucket that was never copied, and bears a new one",
    series: {
      [cronJob("kube_cronjob_created", "photos")]: constant(-3 * day),
      [cronJob("kube_cronjob_created", "scans")]: constant(0),
    },
    at: "1h",
    says: {
      labels: { cronjob: "photos" },
      summary: "the bucket photos is not copied any more",
      description:
        "Its last copy is 3d 1h 0m 0s old. What was written since is lost with the site.",
    },
  },
  {
    alert: "KafkaNodeMissing",
    title: "tells of a node that does not answer",
    series: { [kafka("up", "a")]: constant(1), [kafka("up", "b")]: constant(0) },
    at: "30m",
    says: {
      labels: { cluster: "main" },
      summary: "the Kafka cluster main has 1 nodes that answer",
      description: "The next host that is lost stops what needs two copies.",
    },
  },
  {
    alert: "KafkaPartitionsOffline",
    title: "tells of partitions without a leader",
    series: {
      [kafka("kafka_controller_kafkacontroller_offlinepartitionscount", "a")]: constant(2),
      [kafka("kafka_controller_kafkacontroller_activecontrollercount", "a")]: constant(1),
    },
    at: "30m",
    says: {
      labels: { cluster: "main" },
      summary: "partitions of the Kafka cluster main have no leader",
      description: "What is in them is neither read nor written, or no controller leads at all.",
    },
  },
  {
    alert: "KafkaPartitionsOffline",
    title: "is quiet while a controller leads, and all partitions have leaders",
    series: {
      [kafka("kafka_controller_kafkacontroller_offlinepartitionscount", "a")]: constant(0),
      [kafka("kafka_controller_kafkacontroller_activecontrollercount", "a")]: constant(1),
    },
    at: "30m",
  },
  {
    alert: "KafkaCopiesMissing",
    title: "tells of copies that do not keep up",
    series: {
      [kafka("kafka_server_replicamanager_underreplicatedpartitions", "a")]: constant(3),
      [kafka("kafka_server_replicamanager_underreplicatedpartitions", "b")]: constant(1),
    },
    at: "1h",
    says: {
      labels: { cluster: "main" },
      summary: "4 partitions of the Kafka cluster main lack copies",
      description: "Where fewer than two are left, writes are refused.",
    },
  },
  {
    alert: "VolumeBackupLate",
    title: "tells of a volume whose backups fail",
    series: { [replication("volsync_volume_out_of_sync", "source")]: "0x60 1x400" },
    at: "5h",
    says: {
      labels: { obj_namespace: "immich", obj_name: "library" },
      summary: "immich/library is not backed up any more",
      description: "What is written to the volume is lost with it. Its mover fails, or waits.",
    },
  },
  {
    alert: "VolumeBackupLate",
    title: "bears a new volume, and one whose backup takes its time",
    series: { [replication("volsync_volume_out_of_sync", "source")]: "1x120 0x400" },
    at: "5h",
  },
  {
    alert: "VolumeBackupMissed",
    title: "tells of a backup that ended too late",
    series: { [replication("volsync_missed_intervals_total", "source")]: "0x60 1x400" },
    at: "3h",
    says: {
      labels: { obj_namespace: "immich", obj_name: "library" },
      summary: "a backup of immich/library was late",
      description: "It ended after the next one should have begun. The backups are as old as that.",
    },
  },
  {
    alert: "VolumeRestoreWaits",
    title: "tells of a volume that its store does not fill",
    series: { [replication("volsync_volume_out_of_sync", "destination")]: "1x400" },
    at: "3h",
    says: {
      labels: { obj_namespace: "immich", obj_name: "library" },
      summary: "immich/library waits for its backup",
      description: "Its pods do not start before the volume holds what the backup has.",
    },
  },
  {
    alert: "VolumeRestoreWaits",
    title: "says nothing of a restore in place that failed, which its command has told",
    series: {
      'volsync_volume_out_of_sync{job="volsync-metrics",role="destination",obj_namespace="immich",obj_name="restore-library"}':
        "1x400",
    },
    at: "3h",
  },
  {
    alert: "TeslaSignalsMany",
    title: "tells of more signals than are meant",
    series: { [signals]: "0+1x1600" },
    at: "26h",
    says: {
      labels: {},
      summary: "Tesla vehicles have sent 1.44k signals within a day",
      description: "Tesla bills them, 150000 for a dollar; 1000 a day are meant.",
    },
  },
  {
    alert: "TeslaSignalsMany",
    title: "bears a day that is within, and a counter that begins anew",
    series: { [signals]: "0+1x300 0+1x300 300x900" },
    at: "24h",
  },
  {
    alert: "TeslaVehiclesSilent",
    title: "tells of vehicles of which none has sent anything, also when the reader has begun anew",
    series: {
      [told("model-y", "a")]: `${-8 * day}x30`,
      [told("model-3", "a")]: `${-30 * day}x30`,
    },
    at: "2h",
    says: {
      labels: {},
      summary: "no Tesla vehicle has sent anything for 8d 2h 0m 0s",
      description: "More than 7 days: vehicles do not reach the server, or sleep.",
    },
  },
  {
    alert: "TeslaVehiclesSilent",
    title: "is quiet while one of them sends",
    series: {
      [told("model-y", "a")]: constant(-30 * day),
      [told("model-3", "a")]: constant(-6 * day),
    },
    at: "2h",
  },
  {
    alert: "TeslaRecordsRefused",
    title: "tells of the first record that Kafka does not take",
    series: { [refused]: "_x60 1x20", 'up{job="fleet-telemetry",pod="a"}': constant(1) },
    at: "70m",
    says: {
      labels: { job: "fleet-telemetry" },
      summary: "Kafka does not take records of Tesla vehicles",
      description:
        "Vehicles send the newest values of signals again later; values in between, alerts and errors are lost.",
    },
  },
  {
    alert: "TeslaRecordsRefused",
    title: "is quiet about what was refused long ago",
    series: { [refused]: constant(3), 'up{job="fleet-telemetry",pod="a"}': constant(1) },
    at: "2h",
  },
];
