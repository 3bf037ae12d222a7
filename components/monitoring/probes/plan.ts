/** What is asked of the names by which a site is reached, and by whom. */
import { monitoringNamespace } from "../names.ts";

/**
 * As whom a name is asked: anybody who may, a program with a token of Access, or a stranger, whom Access has to send away.
 */
export type Caller = "visitor" | "program" | "stranger";

/** Where the question comes from: a pod that reaches the gateways, or one that reaches the internet alone. */
export type Side = "inside" | "outside";

/** How an answer is judged: a module of the prober's configuration. */
export type ModuleName =
  | "https" // verified by what every device trusts
  | "https-own" // verified by the site's own authority
  | "https-unverified" // of an authority that no device trusts
  | "http"
  | "tls"
  | "tcp"
  | "visitor"
  | "program"
  | "stranger" // whom Access sends to its login
  | "stranger-refused"; // who finds no login, where only programs pass

/** One question, asked again and again. */
export interface NameProbe {
  /** Name of its object. */
  readonly name: string;
  /** The name that is asked for, or the listener where there is none. */
  readonly host: string;
  /** Whom it is for. */
  readonly to: string;
  readonly as: Caller;
  readonly side: Side;
  readonly module: ModuleName;
  /** Address or name with a port, or a URL. */
  readonly target: string;
  /** Path that is asked for, where there are paths: a name may be asked at several. */
  readonly path?: string;
  /** What is said in the handshake and in the request, where the target is an address. */
  readonly hostname?: string;
}

/** Job that the answers have as a label. */
export const namesJob = "names";

/** Programs that ask, by their side: of Deployment, Service and ConfigMap. */
export const probers: Readonly<Record<Side, string>> = {
  inside: "name-prober",
  outside: "name-prober-outside",
};

/** Where a prober listens (blackbox_exporter, main.go). */
export const proberPort = 9115;

/**
 * A Probe (`monitoring.coreos.com/v1`). The operator makes the target a parameter of the prober's address and takes further
 * ones from `params` (prometheus-operator v0.93, pkg/prometheus/promcfg.go, generateProbeConfig).
 */
export function probeObject(probe: NameProbe, clusterDomain: string) {
  const { name, host, to, as, side, module, target, path = "", hostname } = probe;
  const { name: namespace } = monitoringNamespace;
  return {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "Probe",
    metadata: { name, namespace },
    spec: {
      jobName: namesJob,
      interval: "1m",
      scrapeTimeout: "20s",
      prober: {
        url: `${probers[side]}.${namespace}.svc.${clusterDomain}:${proberPort}`,
        path: "/probe",
      },
      module,
      ...(hostname === undefined ? {} : { params: [{ name: "hostname", values: [hostname] }] }),
      targets: {
        staticConfig: {
          static: [target],
          labels: { host, to, as },
          // Two targets with the same labels would write over each other's answers.
          relabelingConfigs: [{ targetLabel: "instance", replacement: `${host}${path}` }],
        },
      },
    },
  };
}
