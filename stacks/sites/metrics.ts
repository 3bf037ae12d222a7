/** Metrics that one site sends and another takes. */
import type { SiteFile } from "../open-site.ts";
import { bothWays, type Clash, type Judge } from "./rule.ts";

/** What is sent is taken, what is waited for is sent, and the way leads to the other's gateway. */
export const metrics: Judge = bothWays((sender, receiver) => [
  ...between(sender, receiver),
  ...elsewhere(sender, receiver),
]);

/** The tailnet gives a gateway its address; the sender's file repeats it. */
function elsewhere(sender: SiteFile, receiver: SiteFile): readonly Clash[] {
  if (sender.config.monitoring?.sends.includes(receiver.name) !== true) return [];
  const ip = sender.config.tailnet?.egress[receiver.name]?.ip;
  const address = receiver.config.gateway?.internal.address;
  if (ip === undefined || address === undefined || ip === address) return [];
  return [
    {
      at: { site: sender.name, path: `homelab:tailnet.egress.${receiver.name}.ip` },
      against: { site: receiver.name, path: "homelab:gateway.internal.address" },
      text: `metrics go to ${ip}, and the gateway that takes them is ${address}; write ${address}`,
    },
  ];
}

function between(sender: SiteFile, receiver: SiteFile): readonly Clash[] {
  const sends = sender.config.monitoring?.sends.includes(receiver.name) ?? false;
  const taken = receiver.config.monitoring?.receives.includes(sender.name) ?? false;
  if (sends === taken) return [];
  const text = sends
    ? `metrics are sent that nobody takes; write receives: [${sender.name}] there, or remove them`
    : `metrics are waited for that nobody sends, and the alert on silence would never end; write sends: [${receiver.name}] there, or remove it`;
  const [at, against] = [
    { site: sender.name, path: "homelab:monitoring.sends" },
    { site: receiver.name, path: "homelab:monitoring.receives" },
  ];
  return [sends ? { at, against, text } : { at: against, against: at, text }];
}
