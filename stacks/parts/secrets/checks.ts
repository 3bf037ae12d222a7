import { parseSecretRef } from "../../../components/security/secret-ref.ts";
import type { Problem } from "../../../components/problem.ts";
import { siteSecrets, type SiteConfig } from "../../schema.ts";

/** Each reference has a source that it is read from, and what must differ does. */
export function checkSecrets(config: SiteConfig): readonly Problem[] {
  return [...unread(config), ...address(config), ...sameField(config)];
}

function unread(config: SiteConfig): readonly Problem[] {
  if (config.onePassword !== undefined) return [];
  return siteSecrets(config)
    .filter(({ ref }) => parseSecretRef(ref)?.kind === "1password")
    .map(({ path, ref }) => ({
      path,
      text: `${ref} is read through 1Password Connect; set homelab:onePassword.connect to its address, or use config:NAME`,
    }));
}

/** Whoever reads the site file would have the password. */
function address({ onePassword }: SiteConfig): readonly Problem[] {
  if (onePassword === undefined) return [];
  const path = "homelab:onePassword.connect";
  const { username, password, search, hash } = new URL(onePassword.connect);
  if (username !== "" || password !== "") {
    return [
      {
        path,
        text: "holds a login; use the bare address, and give the token in OP_CONNECT_TOKEN",
      },
    ];
  }
  if (search === "" && hash === "") return [];
  return [{ path, text: "holds more than an address; use one such as https://connect.home.arpa" }];
}

function sameField({ tailnet }: SiteConfig): readonly Problem[] {
  if (tailnet === undefined || tailnet.oauth.clientId !== tailnet.oauth.clientSecret) return [];
  return [
    {
      path: "homelab:tailnet.oauth.clientSecret",
      text: "refers to the same value as clientId; refer to the client's secret",
    },
  ];
}
