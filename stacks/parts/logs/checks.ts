import type { Problem } from "../../../components/problem.ts";
import type { SiteConfig } from "../../schema.ts";
import { silencesGiB } from "../monitoring/checks.ts";

const path = "homelab:logs";

type Storage = NonNullable<SiteConfig["storage"]>;

/** What logs want of a class of storage. */
interface Want {
  readonly kind: "bucket" | "block";
  readonly name: string | undefined;
  readonly at: string;
  /** What lies in a class of this kind. */
  readonly what: string;
  readonly sizeAt: string;
  /** GiB by who claims them. */
  readonly claims: Readonly<Record<string, number>>;
}

/** Bucket and volume have classes that fit, with room for them. `needs.ts` says that there is storage at all. */
export function checkLogs(config: SiteConfig): readonly Problem[] {
  const { logs, storage, monitoring } = config;
  if (logs === undefined || storage === undefined) return [];
  const { sizeGiB, volume } = logs;
  const metrics: Want["claims"] =
    monitoring !== undefined && monitoring.class === volume.class
      ? { "metrics and silences": monitoring.sizeGiB + silencesGiB }
      : {};
  return [
    ...classOf(storage, {
      ...{
        kind: "bucket",
        name: logs.class,
        at: `${path}.class`,
        what: "lines are kept in a bucket",
      },
      ...{ sizeAt: `${path}.sizeGiB`, claims: { lines: sizeGiB } },
    }),
    ...classOf(storage, {
      ...{ kind: "block", name: volume.class, at: `${path}.volume.class` },
      ...{ what: "lines wait in a volume of one pod", sizeAt: `${path}.volume.sizeGiB` },
      claims: { "the volume of logs": volume.sizeGiB, ...metrics },
    }),
  ];
}

function classOf({ classes }: Storage, want: Want): readonly Problem[] {
  const { kind, name, at, what, sizeAt, claims } = want;
  const known = classes.filter((one) => one.kind === kind);
  const names = known.map((one) => one.name).join(", ");
  if (name === undefined) {
    const text = `${what}, and homelab:storage has no class of kind ${kind}; add one to its classes`;
    return [{ path: at, text }];
  }
  const plan = known.find((one) => one.name === name);
  if (plan === undefined) {
    const text = `${name} is no class of kind ${kind} in homelab:storage; known are ${names || "none"}`;
    return [{ path: at, text }];
  }
  const wanted = Object.values(claims).reduce((sum, size) => sum + size, 0);
  // Where nobody counts claims of the class, there is nothing to hold it against.
  if (plan.claimsGiB === 0 || plan.claimsGiB >= wanted) return [];
  const list = Object.entries(claims).map(([whose, size]) => `${whose} ${size}`);
  const text = `claims of class ${name} come to ${wanted} GiB (${list.join(", ")}), and all of them to ${plan.claimsGiB}; raise claimsGiB of the class, or lower this`;
  return [{ path: sizeAt, text }];
}
