/** Logins of programs at Access, which end a year after they were made or refreshed. */
import type { CloudflareAccount } from "../../../../components/edge/cloudflare-api.ts";
import type { Fetch } from "../../../doctor/ask.ts";
import { judgeEnd } from "../../../doctor/ends.ts";
import { ok, type Finding } from "../../../doctor/finding.ts";
import { readCloudflare } from "./token.ts";

/** https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/ */
interface ServiceToken {
  readonly id: string;
  readonly name: string;
  /** RFC 3339; absent for one that does not end. */
  readonly expires_at?: string | null;
}

/** Where they are in the dashboard. */
export const tokensPlace = "Zero Trust > Access controls > Service credentials";

/** The stack's service tokens; `known` has the ids of its state. */
export async function checkServiceTokens(
  account: CloudflareAccount,
  known: ReadonlySet<string>,
  ask: Fetch,
  now = new Date(),
): Promise<readonly Finding[]> {
  const path = `accounts/${account.accountId}/access/service_tokens?per_page=100`;
  const { status, result, said } = await readCloudflare<readonly ServiceToken[]>(
    account,
    path,
    ask,
  );
  if (status >= 300 || result === undefined) throw new Error(`${path}: ${status} ${said}`.trim());
  return result.filter(({ id }) => known.has(id)).map((token) => judgeServiceToken(token, now));
}

/** Refreshing gives it another year, and leaves id and secret as they are. */
export function judgeServiceToken({ name, expires_at: end }: ServiceToken, now: Date): Finding {
  const subject = `Access service token ${name}`;
  if (typeof end !== "string") return ok(subject, "does not end");
  return judgeEnd(
    {
      subject,
      ends: new Date(end),
      remedy: `refresh it in the dashboard (${tokensPlace}): programs keep their login`,
    },
    now,
  );
}
