/** Whether the Cloudflare token does what docs/cloudflare.md lists, as far as reads show it. */
import type { CloudflareAccount } from "../../../../components/edge/cloudflare-api.ts";
import type { Fetch } from "../../../doctor/ask.ts";
import { judgeEnd } from "../../../doctor/ends.ts";
import { ok, problem, warning, type Finding } from "../../../doctor/finding.ts";

/** An answer's envelope. */
export interface Envelope<T> {
  readonly status: number;
  readonly result?: T;
  /** The API's own words. */
  readonly said: string;
}

/** One read below /client/v4. */
export async function readCloudflare<T>(
  { baseUrl, token }: Pick<CloudflareAccount, "baseUrl" | "token">,
  path: string,
  ask: Fetch,
): Promise<Envelope<T>> {
  const { status, text } = await ask(`${baseUrl}/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = JSON.parse(text) as {
    result?: T;
    errors?: readonly { code?: number; message?: string }[];
  };
  const said = (body.errors ?? []).map(({ code, message }) => `${message ?? "?"} (${code ?? "?"})`);
  return {
    status,
    said: said.join("; "),
    ...(body.result === undefined ? {} : { result: body.result }),
  };
}

/** A permission, and a read that needs it. */
type Family = readonly [permission: string, path: string];

/** What a token needs that proves names of the zone: cert-manager looks for the zone first (Zone Read), and then writes. */
export const provingFamilies: readonly Family[] = [
  ["Zone · DNS: Edit", "zones/{z}/dns_records?per_page=1"],
  ["Zone · Zone: Read", "zones/{z}"],
];

/** A harmless read for each permission of the edge's token. */
const families: readonly Family[] = [
  ["Account · Cloudflare Tunnel: Edit", "accounts/{a}/cfd_tunnel?per_page=1&is_deleted=false"],
  ["Account · Access: Apps and Policies: Edit", "accounts/{a}/access/apps?per_page=1"],
  ["Account · Access: Service Tokens: Edit", "accounts/{a}/access/service_tokens?per_page=1"],
  ...provingFamilies,
];

const remedy =
  "edit the token in the dashboard (My Profile > API Tokens) as docs/cloudflare.md says, for this account and zone";

/** Verifies the token, then reads once in each family. */
export async function checkCloudflareToken(
  account: CloudflareAccount,
  ask: Fetch,
  {
    subject,
    permissions,
  }: { readonly subject: string; readonly permissions: readonly Family[] } = {
    subject: "Cloudflare token",
    permissions: families,
  },
): Promise<readonly Finding[]> {
  const verified = await readCloudflare<{ status?: string; expires_on?: string }>(
    account,
    "user/tokens/verify",
    ask,
  );
  // A token that belongs to the account and not to a user is verified elsewhere; its reads tell.
  if (verified.status === 200 && verified.result?.status !== "active") {
    return [problem(subject, `is ${verified.result?.status ?? "not active"}`, remedy)];
  }
  const reads = await Promise.all(
    permissions.map(async ([permission, path]) => {
      const filled = path.replace("{a}", account.accountId).replace("{z}", account.zoneId);
      return judgeRead(
        `${subject}, ${permission}`,
        await readCloudflare<unknown>(account, filled, ask),
      );
    }),
  );
  const ends = new Date(verified.result?.expires_on ?? "");
  const renew = "roll it in the dashboard and store the new one";
  return [
    ...reads,
    ...(Number.isNaN(ends.getTime()) ? [] : [judgeEnd({ subject, ends, remedy: renew })]),
  ];
}

/** What one read says about a permission. That a token may also write shows no read. */
function judgeRead(subject: string, { status, said }: Envelope<unknown>): Finding {
  if (status < 300) return ok(subject, "reads");
  if (status === 401 || status === 403) {
    return problem(subject, `is refused: ${status} ${said}`.trim(), remedy);
  }
  if (status === 404) {
    return problem(
      subject,
      `finds nothing: ${status} ${said}`.trim(),
      "compare homelab:edge.accountId and zoneId with the zone's overview in the dashboard",
    );
  }
  return warning(subject, `answers ${status} ${said}`.trim(), "run the doctor again in a while");
}
