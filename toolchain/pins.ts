/** Every tool, pinned once: its version, where its release is published, and the Go package that builds it. */

/** A published archive or program, and the list of SHA-256 sums that stands beside it. */
export interface Download {
  readonly url: string;
  /** A `sha256sum` list, or the bare sum. */
  readonly checksums: string;
  /** Programs taken out of the archive, or its whole tree; without it the file is the program itself. */
  readonly extract?: readonly string[] | "all";
}

export interface Tool {
  readonly name: string;
  /** A release; `own` for the project's programs; `locked` for what is built as lab/go.mod has it, and only so. */
  readonly version: string;
  /** Names that the tool answers to; a multi-call program has several. */
  readonly programs: readonly string[];
  /** Whether machines have the programs for their pods: what the images of real controllers hold. */
  readonly forPods?: true;
  /** Absent for the project's own programs, and for those whose releases come without checksums: they are built. */
  readonly downloads?: readonly Download[];
  readonly build: {
    readonly package: string;
    readonly variables: Readonly<Record<string, string>>;
    /** A change, in a file of the Go module, to the source of the module that the program is from. */
    readonly patch?: { readonly module: string; readonly file: string };
  };
}

/** Folder of the one Go module, from the clone's root; packages that begin with "./" are its own. */
export const goModule = "lab";

const pulumi = "3.259.0";
const helm = "3.21.4";
const kubernetes = "1.36.3";
const etcd = "3.6.14";
const goRelease = "1.26.8";
/** The releases whose images kube-prometheus-stack 88.5.3 runs; modules of Prometheus count 3.14.0 as 0.314.0. */
const prometheus = "3.14.0";
const alertmanager = "0.34.0";
/** The RKE2 release that the lab's stand-in speaks for. */
const rke2 = "v1.36.3+rke2r1";

const goArch = process.arch === "arm64" ? "arm64" : "amd64";
const pulumiArch = process.arch === "arm64" ? "arm64" : "x64";

const kubernetesPrograms = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const etcdPrograms = ["etcd", "etcdctl", "etcdutl"] as const;

const publishedKubernetes = (program: string) => ({
  url: `https://dl.k8s.io/release/v${kubernetes}/bin/linux/${goArch}/${program}`,
  checksums: `https://dl.k8s.io/release/v${kubernetes}/bin/linux/${goArch}/${program}.sha256`,
});
const kubernetesVersion = {
  "k8s.io/component-base/version.gitVersion": `v${kubernetes}`,
  "k8s.io/client-go/pkg/version.gitVersion": `v${kubernetes}`,
};

/** What programs of Prometheus' makers call their release. */
const released = (version: string) => ({ "github.com/prometheus/common/version.Version": version });
/** Its pages are built by other means than Go: it answers for its API alone. Kafka would be a tenth of what it compiles. */
const lessAlertmanager = {
  module: "github.com/prometheus/alertmanager",
  file: "upstream/alertmanager-without-pages-and-kafka.patch",
};

export const tools = {
  pulumi: {
    name: "pulumi",
    version: pulumi,
    programs: ["pulumi"],
    downloads: [
      {
        url: `https://get.pulumi.com/releases/sdk/pulumi-v${pulumi}-linux-${pulumiArch}.tar.gz`,
        checksums: `https://github.com/pulumi/pulumi/releases/download/v${pulumi}/pulumi-${pulumi}-checksums.txt`,
        extract: ["pulumi", "pulumi-language-nodejs"],
      },
    ],
    build: {
      package: "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
      variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${pulumi}` },
      // Clouds and the client of their OpenAPI are a fifth of what all tools take to compile; no lab has them.
      patch: {
        module: "github.com/pulumi/pulumi/pkg/v3",
        file: "upstream/pulumi-without-clouds.patch",
      },
    },
  },
  helm: {
    name: "helm",
    version: helm,
    programs: ["helm"],
    // Argo CD's image has it.
    forPods: true,
    downloads: [
      {
        url: `https://get.helm.sh/helm-v${helm}-linux-${goArch}.tar.gz`,
        checksums: `https://get.helm.sh/helm-v${helm}-linux-${goArch}.tar.gz.sha256sum`,
        extract: ["helm"],
      },
    ],
    build: {
      package: "helm.sh/helm/v3/cmd/helm",
      // The last two are what `helm template` takes for the cluster's version when it asks none.
      variables: {
        "helm.sh/helm/v3/internal/version.version": `v${helm}`,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": "1",
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": kubernetes.split(".")[1] ?? "",
      },
    },
  },
  kubernetes: {
    name: "kubernetes",
    version: `${kubernetes}-etcd-${etcd}`,
    programs: [...kubernetesPrograms, ...etcdPrograms],
    downloads: [
      ...kubernetesPrograms.map(publishedKubernetes),
      {
        url: `https://github.com/etcd-io/etcd/releases/download/v${etcd}/etcd-v${etcd}-linux-${goArch}.tar.gz`,
        checksums: `https://github.com/etcd-io/etcd/releases/download/v${etcd}/SHA256SUMS`,
        extract: etcdPrograms,
      },
    ],
    build: { package: "./upstream", variables: kubernetesVersion },
  },
  kubectl: {
    name: "kubectl",
    version: kubernetes,
    programs: ["kubectl"],
    downloads: [publishedKubernetes("kubectl")],
    // By itself: scripts start it twice a second, and in one program with the servers it takes twice as long to begin.
    build: { package: "k8s.io/kubernetes/cmd/kubectl", variables: kubernetesVersion },
  },
  guest: {
    name: "guest",
    version: "own",
    programs: ["guest"],
    build: { package: "./machines/guest", variables: {} },
  },
  rke2: {
    name: "rke2",
    version: rke2,
    programs: ["rke2"],
    build: { package: "./cluster/rke2", variables: { "main.version": rke2 } },
  },
  tailscale: {
    name: "tailscale",
    version: "own",
    programs: ["tailscale", "tailscaled"],
    build: { package: "./machines/tailscale", variables: {} },
  },
  plugins: {
    name: "plugins",
    version: "own",
    programs: ["plugins"],
    build: {
      package: "./plugins",
      // The language host answers for the engine's version.
      variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${pulumi}` },
    },
  },
  kubernetesPlugin: {
    name: "kubernetes-plugin",
    version: "own",
    programs: ["kubernetes-plugin"],
    build: { package: "./plugins/kubernetes/kubernetes-plugin", variables: {} },
  },
  envoyGateway: {
    name: "envoy-gateway",
    version: "locked",
    programs: ["envoy-gateway"],
    forPods: true,
    build: { package: "github.com/envoyproxy/gateway/cmd/envoy-gateway", variables: {} },
  },
  envoy: {
    name: "envoy",
    version: "own",
    programs: ["envoy"],
    forPods: true,
    build: { package: "./controllers/envoy", variables: {} },
  },
  coredns: {
    name: "coredns",
    version: "own",
    programs: ["coredns", "node-cache"],
    forPods: true,
    build: { package: "./controllers/dns", variables: {} },
  },
  certManager: {
    name: "cert-manager",
    version: "own",
    programs: [
      "cert-manager-controller",
      "cert-manager-cainjector",
      "cert-manager-webhook",
      "cert-manager-startupapicheck",
      "trust-manager",
    ],
    forPods: true,
    build: { package: "./controllers/certmanager", variables: {} },
  },
  acme: {
    name: "acme",
    version: "own",
    programs: ["acme"],
    build: { package: "./controllers/acme", variables: {} },
  },
  argocd: {
    name: "argocd",
    version: "own",
    programs: [
      "argocd",
      "argocd-application-controller",
      "argocd-applicationset-controller",
      "argocd-repo-server",
      "argocd-server",
      "kustomize",
      "redis-server",
    ],
    forPods: true,
    build: { package: "./controllers/argocd", variables: {} },
  },
  agnhost: {
    name: "agnhost",
    version: "own",
    programs: ["agnhost"],
    forPods: true,
    build: { package: "./controllers/agnhost", variables: {} },
  },
  ceph: {
    name: "ceph",
    version: "own",
    programs: ["ceph"],
    forPods: true,
    build: { package: "./cluster/ceph", variables: {} },
  },
  prometheus: {
    name: "prometheus",
    version: "locked",
    programs: ["prometheus"],
    forPods: true,
    build: {
      package: "github.com/prometheus/prometheus/cmd/prometheus",
      variables: released(prometheus),
      // A library that describes APIs is a quarter of what Prometheus compiles beside the others; nobody asks for that here.
      patch: {
        module: "github.com/prometheus/prometheus",
        file: "upstream/prometheus-without-openapi.patch",
      },
    },
  },
  promtool: {
    name: "promtool",
    version: "locked",
    programs: ["promtool"],
    build: {
      package: "github.com/prometheus/prometheus/cmd/promtool",
      variables: released(prometheus),
    },
  },
  alertmanager: {
    name: "alertmanager",
    version: "locked",
    programs: ["alertmanager"],
    forPods: true,
    build: {
      package: "github.com/prometheus/alertmanager/cmd/alertmanager",
      variables: released(alertmanager),
      patch: lessAlertmanager,
    },
  },
  amtool: {
    name: "amtool",
    version: "locked",
    programs: ["amtool"],
    build: {
      package: "github.com/prometheus/alertmanager/cmd/amtool",
      variables: released(alertmanager),
    },
  },
  prometheusOperator: {
    name: "prometheus-operator",
    version: "locked",
    programs: ["prometheus-operator"],
    forPods: true,
    build: {
      package: "github.com/prometheus-operator/prometheus-operator/cmd/operator",
      variables: {},
      // Its webhook, which no site uses, needs an older controller-runtime; the rest is made to fit the Prometheus above.
      patch: {
        module: "github.com/prometheus-operator/prometheus-operator",
        file: "upstream/prometheus-operator-without-webhook.patch",
      },
    },
  },
  configReloader: {
    name: "prometheus-config-reloader",
    version: "locked",
    programs: ["prometheus-config-reloader"],
    forPods: true,
    build: {
      package: "github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader",
      variables: {},
    },
  },
  restic: {
    name: "restic",
    version: "locked",
    programs: ["restic"],
    forPods: true,
    build: {
      package: "github.com/restic/restic/cmd/restic",
      variables: {},
      // Clouds whose stores no lab has are most of what it takes to compile.
      patch: { module: "github.com/restic/restic", file: "upstream/restic-without-clouds.patch" },
    },
  },
  volsyncMover: {
    name: "volsync-mover",
    version: "own",
    programs: ["volsync-mover"],
    forPods: true,
    build: { package: "./cluster/volsync/mover", variables: {} },
  },
  cloudNativePg: {
    name: "cloudnative-pg",
    version: "locked",
    programs: ["cloudnative-pg"],
    forPods: true,
    build: {
      package: "github.com/cloudnative-pg/cloudnative-pg/cmd/manager",
      variables: {},
      // Made to fit the kinds of Prometheus' operator above, which is older.
      patch: {
        module: "github.com/cloudnative-pg/cloudnative-pg",
        file: "upstream/cloudnative-pg-with-older-monitors.patch",
      },
    },
  },
  barmanPlugin: {
    name: "plugin-barman-cloud",
    version: "locked",
    programs: ["plugin-barman-cloud"],
    forPods: true,
    build: { package: "github.com/cloudnative-pg/plugin-barman-cloud/cmd/manager", variables: {} },
  },
  barman: {
    name: "barman",
    version: "own",
    programs: [
      "barman-cloud-backup",
      "barman-cloud-backup-delete",
      "barman-cloud-backup-list",
      "barman-cloud-backup-show",
      "barman-cloud-check-wal-archive",
      "barman-cloud-restore",
      "barman-cloud-wal-archive",
      "barman-cloud-wal-restore",
    ],
    forPods: true,
    build: { package: "./cluster/barman", variables: {} },
  },
  dragonfly: {
    name: "dragonfly",
    version: "own",
    programs: ["dragonfly", "dragonfly-operator"],
    forPods: true,
    build: { package: "./cluster/dragonfly", variables: {} },
  },
  strimzi: {
    name: "strimzi",
    version: "own",
    programs: [
      "strimzi-cluster-operator",
      "strimzi-topic-operator",
      "strimzi-user-operator",
      "strimzi-kafka-init",
    ],
    forPods: true,
    build: { package: "./cluster/strimzi", variables: {} },
  },
  onePasswordOperator: {
    name: "onepassword-operator",
    version: "locked",
    programs: ["onepassword-operator"],
    forPods: true,
    build: { package: "github.com/1Password/onepassword-operator/cmd", variables: {} },
  },
  dex: {
    name: "dex",
    version: "locked",
    programs: ["dex"],
    forPods: true,
    build: { package: "github.com/dexidp/dex/cmd/dex", variables: {} },
  },
} as const satisfies Record<string, Tool>;

/**
 * Tags of every build. Prometheus is built with what finds the pods of Kubernetes, and without the other thirty ways of
 * finding something, which bring the clients of as many clouds (its plugins/).
 */
export const goTags: readonly string[] = ["remove_all_sd", "enable_kubernetes_sd"];

/** The Go toolchain that is downloaded where no Go from 1.21 on is installed. */
export const go = {
  version: goRelease,
  url: `https://go.dev/dl/go${goRelease}.linux-${goArch}.tar.gz`,
  checksums: `https://dl.google.com/go/go${goRelease}.linux-${goArch}.tar.gz.sha256`,
} as const;

/** Bytes of Go source that two cores compile in a second, until a machine has shown its own pace. */
export const shippedPace = 350_000;

/** A folder of a GitHub repository at a tag, of which a Go module of the same tag is a copy. */
interface Repository {
  /** `kubernetes-sigs/gateway-api` */
  readonly name: string;
  readonly tag: string;
  readonly module: string;
  /** The tag's commit as Go writes one that is no version of the module; the tag when left out. */
  readonly version?: string;
  readonly folder: string;
}

/** Folders that the lab's mirror of raw.githubusercontent.com offers, as they are at their tags. */
export const repositories: readonly Repository[] = [
  {
    name: "kubernetes-sigs/gateway-api",
    tag: "v1.6.1",
    module: "sigs.k8s.io/gateway-api",
    folder: "config/crd/standard",
  },
  ...["v1.9.0", "v1.9.1"].map((tag) => ({
    name: "envoyproxy/gateway",
    tag,
    module: "github.com/envoyproxy/gateway",
    folder: "charts/gateway-helm/charts/crds/crds/generated",
  })),
  {
    name: "1Password/onepassword-operator",
    tag: "v1.12.0",
    module: "github.com/1Password/onepassword-operator",
    folder: "config/crd/bases",
  },
  {
    name: "argoproj/argo-cd",
    tag: "v3.4.4",
    module: "github.com/argoproj/argo-cd/v3",
    folder: "manifests/crds",
  },
  {
    name: "tailscale/tailscale",
    tag: "v1.102.3",
    module: "tailscale.com",
    folder: "cmd/k8s-operator/deploy/crds",
  },
  {
    name: "dexidp/dex",
    tag: "v2.45.1",
    module: "github.com/dexidp/dex",
    version: "v0.0.0-20260303133905-11d2eeb52b42",
    folder: "scripts/manifests/crds",
  },
  {
    name: "cloudnative-pg/cloudnative-pg",
    tag: "v1.30.0",
    module: "github.com/cloudnative-pg/cloudnative-pg",
    folder: "config/crd/bases",
  },
  {
    name: "cloudnative-pg/plugin-barman-cloud",
    tag: "v0.13.0",
    module: "github.com/cloudnative-pg/plugin-barman-cloud",
    folder: "config/crd/bases",
  },
  {
    name: "backube/volsync",
    tag: "v0.16.0",
    module: "github.com/backube/volsync",
    folder: "config/crd/bases",
  },
];
