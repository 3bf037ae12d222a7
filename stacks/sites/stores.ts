/** Stores of one site in buckets of another, through the tailnet. */
import { gatewayService } from "../../components/storage/gateway.ts";
import { storageNamespace } from "../../components/storage/operator-values.ts";
import type { SiteFile } from "../open-site.ts";
import { storeHost } from "../config/s3-store.ts";
import type { SiteConfig } from "../schema.ts";
import { bothWays, type Clash, type Judge } from "./rule.ts";

/** The way leads to the other's gateway, somebody answers there by the name, and the bucket is there and stays. */
export const stores: Judge = bothWays((saver, keeper) => {
  const led = ledTo(saver, keeper);
  return [
    ...led.flatMap(([name, host]) => elsewhere(saver, keeper, name, host)),
    ...storesOf(saver.config)
      .filter(({ host }) => led.some(([, { hostnames }]) => hostnames.includes(host)))
      .flatMap((store) =>
        kept(saver, keeper, store).map(({ path, against, text }) => ({
          at: { site: saver.name, path },
          against: { site: keeper.name, path: against },
          text,
        })),
      ),
  ];
});

type Host = NonNullable<SiteConfig["tailnet"]>["egress"][string];

/** Hosts by which a site leads its pods to another: those of its name, or of its gateway's address. */
function ledTo({ config }: SiteFile, to: SiteFile): readonly (readonly [string, Host])[] {
  const address = to.config.gateway?.internal.address;
  return Object.entries(config.tailnet?.egress ?? {}).filter(
    ([name, { ip, hostnames }]) =>
      hostnames.length > 0 && (name === to.name || (ip !== undefined && ip === address)),
  );
}

/** The tailnet gives a gateway its address; the file of who is led there repeats it. */
function elsewhere(
  saver: SiteFile,
  keeper: SiteFile,
  name: string,
  { ip }: Host,
): readonly Clash[] {
  const address = keeper.config.gateway?.internal.address;
  if (ip === undefined || ip === address) return [];
  const text =
    address === undefined
      ? `pods are led to ${ip}, and no address of a gateway for the tailnet is known; set homelab:gateway.internal.enabled there, and its address once the tailnet has given it`
      : `pods are led to ${ip}, and the gateway for the tailnet is ${address}; write ${address}`;
  return [
    {
      at: { site: saver.name, path: `homelab:tailnet.egress.${name}.ip` },
      against: { site: keeper.name, path: "homelab:gateway.internal.address" },
      text,
    },
  ];
}

interface Store {
  readonly path: string;
  readonly endpoint: string;
  readonly host: string;
  readonly bucket: string;
  /** Whether what is there is of use only as a whole: an object that goes takes others along. */
  readonly whole: boolean;
}

/** Where a site keeps what outlives it. */
function storesOf({ cluster, backup, postgres, redis }: SiteConfig): readonly Store[] {
  const at = (
    path: string,
    s3: { readonly endpoint: string; readonly bucket: string } | undefined,
    whole: boolean,
  ): readonly Store[] => {
    if (s3 === undefined) return [];
    const { endpoint, bucket } = s3;
    return [{ path: `${path}.s3`, endpoint, bucket, host: storeHost(endpoint).host, whole }];
  };
  return [
    ...at("homelab:cluster.snapshots", cluster.snapshots.s3, false),
    ...at("homelab:backup", backup?.s3, true),
    ...Object.entries(postgres?.clusters ?? {}).flatMap(([name, one]) =>
      at(`homelab:postgres.clusters.${name}.backup`, one.backup?.s3, true),
    ),
    ...Object.entries(redis?.instances ?? {}).flatMap(([name, one]) =>
      at(`homelab:redis.instances.${name}.snapshots`, one.snapshots?.s3, false),
    ),
  ];
}

interface Differing {
  readonly path: string;
  readonly against: string;
  readonly text: string;
}

/** What another site lacks to keep a store. A route to something else than its buckets is its own matter. */
function kept(saver: SiteFile, keeper: SiteFile, store: Store): readonly Differing[] {
  const { path, host, bucket } = store;
  const { storage, buckets } = keeper.config;
  const differ = (key: "endpoint" | "bucket", against: string, text: string): Differing => ({
    ...{ path: `${path}.${key}`, against: `homelab:${against}`, text },
  });
  const way = answering(keeper.config, store);
  if (way === undefined) {
    const [scheme, more] = isPlain(store) ? ["http", ", listener: http"] : ["https", ""];
    const text = `nothing answers for ${host} by ${scheme} at the gateway for the tailnet; add a route there with gateway: internal${more} and hostnames: [${host}]`;
    return [differ("endpoint", "gateway.routes", text)];
  }
  const found = (storage?.classes ?? []).find(
    ({ kind, name }) =>
      kind === "bucket" &&
      way.namespace === storageNamespace.name &&
      way.service === gatewayService(name),
  );
  if (found === undefined) return [];
  const there = buckets[bucket];
  const at = `buckets.${bucket}`;
  if (there?.class !== found.name) {
    const text = `${host} is the class ${found.name}, which has no bucket ${bucket}; add it there`;
    return [differ("bucket", at, text)];
  }
  const foreign = found.hostnames.length > 0 && !found.hostnames.includes(host);
  const ages = there.expireDays !== undefined || there.expire.length > 0;
  const unknown = `the object gateway takes ${host} for a bucket's name; add it there`;
  const broken =
    "objects go there by their age, which breaks what is kept; remove expireDays and expire there";
  const endless =
    "it is copied back to the site that it is of, and so on without end; remove backup there";
  return [
    ...(foreign ? [differ("endpoint", `storage.classes.${found.name}.hostnames`, unknown)] : []),
    ...(store.whole && ages ? [differ("bucket", at, broken)] : []),
    ...(there.backup !== undefined && copiesTo(keeper, saver)
      ? [differ("bucket", at, endless)]
      : []),
  ];
}

const isPlain = ({ endpoint }: Pick<Store, "endpoint">): boolean => endpoint.startsWith("http:");

/** The route by which a name is answered in the tailnet, in the clear or not. */
function answering({ gateway, certificates }: SiteConfig, store: Store) {
  return Object.values(gateway?.routes ?? {}).find(
    ({ kind, gateway: at, hostnames, listener }) =>
      at === "internal" &&
      hostnames.includes(store.host) &&
      (kind !== "http" || isPlain(store) === (listener === "http" || certificates === undefined)),
  );
}

/** Whether a site's copies of buckets go to another one. */
function copiesTo(from: SiteFile, to: SiteFile): boolean {
  const { backup } = from.config;
  if (backup === undefined) return false;
  const { host } = storeHost(backup.s3.endpoint);
  return ledTo(from, to).some(([, { hostnames }]) => hostnames.includes(host));
}
