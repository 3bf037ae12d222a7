/** Buckets: whether they are there, and how old the copy of each is. */
import { lateAfterHours } from "../../../components/backup/objects.ts";
import { bucketsNamespace } from "../../../components/buckets/names.ts";
import { stamp } from "../../../components/days.ts";
import type { Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { ok, problem, warning, type Finding } from "../../doctor/finding.ts";
import { objects } from "../../doctor/kubectl.ts";
import type { SiteConfig } from "../../schema.ts";

const { name: namespace } = bucketsNamespace;

/** An ObjectBucketClaim, as far as the doctor looks. */
export interface ClaimInForce {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

/** A CronJob, as far as the doctor looks. */
export interface CopyInForce {
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly spec?: { readonly suspend?: boolean };
  readonly status?: { readonly lastSuccessfulTime?: string };
}

/** None where the site has no buckets, or has not been brought up. */
export function bucketChecks(
  { config, isUp }: Pick<Examined, "config" | "isUp">,
  run: ClusterCommand,
): readonly Check[] {
  if (Object.keys(config.buckets).length === 0 || !isUp) return [];
  return [
    {
      subject: "buckets",
      run: async () => {
        const [claims, copies] = await Promise.all([
          objects<ClaimInForce>(run, "objectbucketclaims.objectbucket.io", namespace),
          objects<CopyInForce>(run, "cronjobs.batch", namespace),
        ]);
        return judgeBuckets(config, { claims, copies });
      },
    },
  ];
}

/** Each bucket is bound, and copied as often as it is to be. */
export function judgeBuckets(
  { buckets, backup }: Pick<SiteConfig, "buckets" | "backup">,
  seen: { readonly claims: readonly ClaimInForce[]; readonly copies: readonly CopyInForce[] },
  now = new Date(),
): readonly Finding[] {
  return Object.entries(buckets).map(([name, wanted]) => {
    const subject = `bucket ${name}`;
    const claim = seen.claims.find(({ metadata }) => metadata.name === name);
    if (claim?.status?.phase !== "Bound")
      return problem(
        subject,
        claim === undefined ? "is not there" : `its claim is ${claim.status?.phase ?? "new"}`,
        `kubectl -n ${namespace} describe obc ${name}; docs/buckets.md`,
      );
    if (wanted.backup === undefined || backup === undefined) return ok(subject, "is there");
    const copy = seen.copies.find(({ metadata }) => metadata.name === name);
    return judgeCopy(subject, copy, lateAfterHours(backup), now);
  });
}

function judgeCopy(
  subject: string,
  copy: CopyInForce | undefined,
  lateHours: number,
  now: Date,
): Finding {
  if (copy === undefined) return problem(subject, "is not copied", "npm run up; docs/buckets.md");
  const { name, creationTimestamp } = copy.metadata;
  const look = `kubectl -n ${namespace} get jobs; kubectl -n ${namespace} logs job/NAME; docs/buckets.md`;
  if (copy.spec?.suspend === true)
    return problem(
      subject,
      "its copies are suspended, which a person has done",
      `kubectl -n ${namespace} patch cronjob ${name} -p '{"spec":{"suspend":false}}'`,
    );
  const last = copy.status?.lastSuccessfulTime;
  const since = Date.parse(last ?? creationTimestamp ?? now.toISOString());
  const late = (now.getTime() - since) / 3_600_000 > lateHours;
  if (last === undefined) {
    const text = "was never copied";
    return late ? problem(subject, text, look) : warning(subject, `${text} yet`, look);
  }
  const text = `was copied last at ${stamp(new Date(last))}`;
  return late ? problem(subject, text, look) : ok(subject, text);
}
