/** Whether the Access team's keys can be fetched: cloudflared trusts the marks of Access by these alone. */
import type { Fetch } from "../../../doctor/ask.ts";
import { ok, problem, type Finding } from "../../../doctor/finding.ts";

/** https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/ */
export async function checkTeam(team: string, ask: Fetch): Promise<readonly Finding[]> {
  const subject = `Access team ${team}`;
  const url = `https://${team}.cloudflareaccess.com/cdn-cgi/access/certs`;
  const remedy =
    "correct homelab:edge.team: it is TEAM of TEAM.cloudflareaccess.com, under Zero Trust > Settings > Team name and domain";
  const { status, text } = await ask(url, {});
  if (status >= 300) return [problem(subject, `has no keys: ${url} answers ${status}`, remedy)];
  const { keys = [] } = JSON.parse(text) as { readonly keys?: readonly unknown[] };
  return [
    keys.length > 0
      ? ok(subject, "shows its keys")
      : problem(subject, `has no keys at ${url}`, remedy),
  ];
}
