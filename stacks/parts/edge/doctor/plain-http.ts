/** Whether names that everybody reaches answer without TLS: what is typed there, and each cookie, goes through the world in the clear. */
import { siteExposure, openNames } from "../../../exposure/table.ts";
import { ok, warning, type Finding } from "../../../doctor/finding.ts";
import type { SiteConfig } from "../../../schema.ts";
import { questionOf, type AskName, type Question } from "../../../status/answer.ts";

/** How names without Access are asked by plain http from here; those that at home lead to a gateway are not. */
export function plainQuestions(config: SiteConfig): readonly Question[] {
  const all = siteExposure(config);
  return openNames(config)
    .filter(({ tls }) => tls === "Cloudflare")
    .map((one) => questionOf({ ...one, tls: "none", port: 80, path: "/" }, all, config))
    .filter((question) => typeof question !== "string");
}

/**
 * Cloudflare sends such requests to https only where the zone has it so, and a new one has not. The setting is the whole zone's,
 * which other sites may share, and takes a permission of its own: it is the zone's owner's to change.
 * @see https://developers.cloudflare.com/ssl/edge-certificates/additional-options/always-use-https/
 */
export async function checkPlainHttp(
  zone: string,
  questions: readonly Question[],
  ask: AskName,
): Promise<readonly Finding[]> {
  const heard = await Promise.all(questions.map(ask));
  const subject = `zone ${zone}, plain http`;
  const plain = questions.filter((_, i) => heard[i]?.location?.startsWith("https://") !== true);
  if (plain.length === 0) return [ok(subject, `is sent to https at ${questions.length} names`)];
  return [
    warning(
      subject,
      `is answered by ${plain.map(({ at }) => at).join(", ")}: passwords and cookies go there in the clear`,
      "switch on Always Use HTTPS under the zone's SSL/TLS > Edge Certificates (docs/cloudflare.md)",
    ),
  ];
}
