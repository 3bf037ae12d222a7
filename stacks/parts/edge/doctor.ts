/** Cloudflare: what the token may do, the zone, and what was left there. */
import {
  accountAt,
  cloudflareLeftovers,
  type CloudflareAccount,
} from "../../../components/edge/cloudflare-api.ts";
import { ask } from "../../doctor/ask.ts";
import { blind, type Check } from "../../doctor/check.ts";
import type { ClusterCommand, Examined } from "../../doctor/examined.ts";
import { askName } from "../../status/ask-name.ts";
import { judgeCloudflareLeftovers } from "./doctor/leftovers.ts";
import { checkPlainHttp, plainQuestions } from "./doctor/plain-http.ts";
import { judgeRelease } from "./doctor/release.ts";
import { checkServiceTokens } from "./doctor/service-tokens.ts";
import { checkTeam } from "./doctor/team.ts";
import { checkCloudflareToken, provingFamilies } from "./doctor/token.ts";
import { checkTunnelToken } from "./doctor/tunnel-token.ts";
import { checkZone } from "./doctor/zone.ts";

/** None without an edge. */
export function edgeChecks(site: Examined): readonly Check[] {
  const { edge } = site.config;
  if (edge === undefined) return [];
  const account = accountOf(site);
  if (account === undefined) return [blind("Cloudflare")];
  return [
    { subject: "Cloudflare token", run: () => checkCloudflareToken(account, ask) },
    ...certificatesToken(site, account),
    { subject: "service tokens", run: () => checkServiceTokens(account, site.ids, ask) },
    ...teamCheck(edge.team),
    {
      subject: `cloudflared ${edge.cloudflared}`,
      run: () => Promise.resolve(judgeRelease(edge.cloudflared)),
    },
    { subject: `zone ${edge.zone}`, run: () => checkZone(account, edge.zone, ask) },
    ...plainHttp(site, edge.zone),
    {
      subject: "Cloudflare, leftovers",
      run: async () =>
        judgeCloudflareLeftovers(await cloudflareLeftovers(account, site.name), site.ids),
    },
  ];
}

/** What a running cluster is asked as well; what cannot be asked of Cloudflare is told above. */
export function tunnelChecks(site: Examined, run: ClusterCommand): readonly Check[] {
  const account = accountOf(site);
  if (account === undefined || !site.isUp) return [];
  return [
    { subject: "tunnel's token", run: () => checkTunnelToken(site.name, account, { run, ask }) },
  ];
}

/** None before the first `up`, when no name resolves. */
function plainHttp({ config, isUp }: Examined, zone: string): readonly Check[] {
  const questions = isUp ? plainQuestions(config) : [];
  if (questions.length === 0) return [];
  const subject = `zone ${zone}, plain http`;
  return [{ subject, run: () => checkPlainHttp(zone, questions, askName) }];
}

function teamCheck(team: string | undefined): readonly Check[] {
  if (team === undefined) return [];
  return [{ subject: `Access team ${team}`, run: () => checkTeam(team, ask) }];
}

/** Certificates may have a token of their own. */
function certificatesToken(
  { config: { certificates }, known }: Examined,
  account: CloudflareAccount,
): readonly Check[] {
  const subject = "Cloudflare token of certificates";
  if (certificates?.apiToken === undefined) return [];
  const token = known.get("homelab:certificates.apiToken");
  if (token === undefined) return [blind(subject)];
  const permissions = provingFamilies;
  return [
    {
      subject,
      run: () => checkCloudflareToken({ ...account, token }, ask, { subject, permissions }),
    },
  ];
}

/** Undefined without an edge, or when its token cannot be read. */
function accountOf({ config: { edge }, known }: Examined): CloudflareAccount | undefined {
  const token = known.get("homelab:edge.apiToken");
  if (edge === undefined || token === undefined) return undefined;
  return accountAt(edge, token);
}
