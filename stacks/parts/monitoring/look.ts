import type { Problem } from "../../../components/problem.ts";
import type { Judged } from "../../config/problem.ts";
import type { Site } from "../../open-site.ts";

/** Addresses that are told lie at the host that Alertmanager may reach. None of the texts holds an address. */
export function judgeTold({
  config: { monitoring },
  secrets,
}: Pick<Site, "config" | "secrets">): Pick<Judged<unknown>, "problems" | "notes"> {
  if (monitoring === undefined) return { problems: [], notes: [] };
  const { heartbeat, receivers } = monitoring;
  const all = [
    ["homelab:monitoring.heartbeat", heartbeat] as const,
    ...Object.entries(receivers).map(
      ([name, { webhook }]) => [`homelab:monitoring.receivers.${name}.webhook`, webhook] as const,
    ),
  ];
  const problems = all.flatMap(([path, told]): readonly Problem[] => {
    if (told === undefined) return [];
    const text = elsewhere(secrets.reveal(told.url), told.host);
    return text === undefined ? [] : [{ path: `${path}.host`, text }];
  });
  return { problems, notes: [] };
}

/** Why Alertmanager would not reach an address; undefined where it would. */
function elsewhere(address: string, host: string): string | undefined {
  const url = URL.parse(address);
  if (url === null)
    return "url refers to something that is no address; keep the whole address, with https://";
  if (url.protocol !== "https:" || url.port !== "")
    return "url refers to an address that is not https at port 443, which alone Alertmanager may reach";
  if (url.hostname === host) return undefined;
  return `url refers to an address at another host than ${host}; write the host that is in it`;
}
