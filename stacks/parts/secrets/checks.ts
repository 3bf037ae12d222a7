import { parseSecretRef } from "../../../components/security/secret-ref.ts";
import type { Problem } from "../../../components/problem.ts";
import { siteSecrets, type SiteConfig } from "../../schema.ts";

/** Each reference has a source that it is read from, and what must differ does. */
export function checkSecrets(config: SiteConfig): readonly Problem[] {
  return [...unread(config), ...oneReader(config), ...address(config), ...sameField(config)];
}

function unread(config: SiteConfig): readonly Problem[] {
  if (config.onePassword !== undefined) return [];
  return siteSecrets(config)
    .filter(({ ref }) => parseSecretRef(ref)?.kind === "1password")
    .map(({ path, ref }) => ({
      path,
      text: `${ref} is kept in 1Password; set homelab:onePassword.connect to the address of a Connect server, or homelab:onePassword.serviceAccount: true, or use config:NAME`,
    }));
}

/** Connect or a service account: of two tokens nobody would know which one counts. */
function oneReader({ onePassword }: SiteConfig): readonly Problem[] {
  if (onePassword === undefined) return [];
  const { connect, serviceAccount } = onePassword;
  if (connect === undefined && !serviceAccount) {
    return [
      {
        path: "homelab:onePassword",
        text: "does not say how the program reads; set connect to the address of a Connect server, or serviceAccount: true",
      },
    ];
  }
  if (connect === undefined || !serviceAccount) return [];
  return [
    {
      path: "homelab:onePassword.serviceAccount",
      text: "stands beside homelab:onePassword.connect, and the program reads through one of them; remove the other (the cluster's own Connect, homelab:onePassword.operator, goes with either)",
    },
  ];
}

/** Whoever reads the site file would have the password. */
function address({ onePassword }: SiteConfig): readonly Problem[] {
  if (onePassword?.connect === undefined) return [];
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
