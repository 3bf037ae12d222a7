import { doorOf } from "../../../components/edge/public-name.ts";
import type { Publication } from "../../../components/edge/publication.ts";
import { publicService } from "../../../components/gateway/plan.ts";
import { publicKeyOf } from "../../../components/tesla/key-pair.ts";
import { kafkaUsers, publicKeyPath } from "../../../components/tesla/names.ts";
import { PublicKey } from "../../../components/tesla/public-key.ts";
import { TeslaTelemetry } from "../../../components/tesla/telemetry.ts";
import type { StoreLogin } from "../../../components/workload/login.ts";
import type { RunningCluster } from "../../../components/workload/running-cluster.ts";
import type { SiteLogins } from "../../logins/told.ts";
import type { Site } from "../../open-site.ts";
import type { SiteCertificates } from "../certificates/deploy.ts";
import { publicIssuer } from "../certificates/schema.ts";
import type { SiteCluster } from "../cluster/deploy.ts";
import type { SiteGateways } from "../gateway/deploy.ts";
import { userAddress } from "../kafka/stores.ts";
import { teslaKeyNames } from "./names.ts";

/** What the parts before it have made. */
export interface TeslaSurroundings {
  readonly running: RunningCluster;
  readonly certificates: SiteCertificates | undefined;
  readonly gateways: SiteGateways | undefined;
  readonly logins: SiteLogins;
}

/** Runs the telemetry, where the config has it; returns the name at which the edge shows the application's public key. */
export function deployTesla(
  { config, secrets }: Site,
  { nodes: [machine] }: SiteCluster,
  { running: { ready, kubernetes }, certificates, gateways, logins }: TeslaSurroundings,
): readonly Publication[] {
  const { tesla, network, certificates: issuers } = config;
  if (tesla === undefined || issuers === undefined) return [];
  if (certificates === undefined || gateways === undefined) return [];
  const login = (user: string): StoreLogin => {
    const found = logins.get(userAddress(tesla.kafka, user));
    if (found === undefined)
      throw new Error(`the config was checked to have ${user}, and nobody made it`);
    return found;
  };
  const { hostname, port, address, replicas, prefix, vehicles, key } = tesla;
  const telemetry = new TeslaTelemetry(
    "tesla",
    {
      plan: {
        ...{ hostname, port, address, replicas, prefix, vehicles },
        issuer: publicIssuer(issuers),
      },
      logins: { writes: login(kafkaUsers.writes), reads: login(kafkaUsers.reads) },
      issuers: certificates.ready,
      machine,
    },
    { providers: [kubernetes], dependsOn: [ready] },
  );
  const publicKey = new PublicKey(
    "tesla-key",
    { hostname: key.hostname, publicKey: keyOf(secrets.reveal(key.privateKey)), machine },
    { providers: [kubernetes], dependsOn: [gateways.ready, telemetry.namespace] },
  );
  const service = publicService(network.clusterDomain);
  return teslaKeyNames(config).map(({ hostname: shown, ...door }) => ({
    ...{ name: shown, hostname: shown, service, path: publicKeyPath, ...doorOf(door) },
    after: [publicKey.shown],
  }));
}

/** The public half of the application's key, whose form was looked at when it was read. */
function keyOf(privateKey: string): string {
  const found = publicKeyOf(privateKey);
  if (found === undefined)
    throw new Error("homelab:tesla.key.privateKey: is no whole private key; nobody can read it");
  return found;
}
