/** Whom alerts are told to: a phone of what is critical, a chat of warnings too. */
import type { Receiver } from "../../../components/monitoring/alerts.ts";

export const phone: Receiver = {
  name: "phone",
  severities: ["critical"],
  by: { kind: "pushover", userKey: "user", token: "token" },
};

export const chat: Receiver = {
  name: "chat",
  severities: ["critical", "warning"],
  by: { kind: "discord", url: "https://discord.com/api/webhooks/1/token" },
};
