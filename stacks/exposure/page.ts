/** What a site shows to whom, for people: a page in Markdown of the same table that its objects are made of. */
import type { Exposed } from "./table.ts";

/** The page of a site. */
export function exposurePage(site: string, table: readonly Exposed[]): string {
  const rows = table.map(row);
  const body =
    rows.length === 0
      ? "Nothing: neither an application nor a route has a name outside of the cluster."
      : `| name | for | leads to | who passes | TLS ends at | written at |\n| --- | --- | --- | --- | --- | --- |\n${rows.join("\n")}`;
  return `# What is reached from outside: ${site}

Made from the site's config by \`npm run schema\`; [exposure.md](exposure.md) says how it comes about. Which pods talk to
which is on [another page](reachability.${site}.md).

${body}
`;
}

function row(one: Exposed): string {
  const host = one.protocol === "tcp" || one.protocol === "udp" ? one.host : `\`${one.host}\``;
  const path = one.path === undefined ? "" : `, paths below \`${one.path}\``;
  const cells = [
    `${host}${path}${one.named || host === one.host ? "" : " (nobody is told its address)"}`,
    { lan: "the LAN", tailnet: "the tailnet", public: "the internet" }[one.to],
    `${one.protocol === "http" ? one.backend : `${one.backend} (${one.protocol.toUpperCase()})`}${forwarded(one)}`,
    one.withoutAccess === undefined ? passes(one) : `**${passes(one)}**`,
    tls(one.tls),
    `\`${one.from}\``,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** What the router at home has to do for it. */
const forwarded = ({ forwardedTo, port }: Exposed): string =>
  forwardedTo === undefined ? "" : `, by port ${port} that your router forwards to ${forwardedTo}`;

/** Who passes, in words. */
export function passes({ to, access, withoutAccess, allow }: Exposed): string {
  const among = allow === undefined ? "" : ` from ${allow.join(", ")}`;
  switch (to) {
    case "public":
      return withoutAccess === undefined
        ? `whom Access lets in: ${access.join(", ")}`
        : `everybody, without Access: ${withoutAccess}`;
    case "tailnet":
      return "whom the tailnet's grants let reach the gateway's device";
    case "lan":
      return `everybody there${among}, and the tailnet by its router`;
  }
}

function tls(where: Exposed["tls"]): string {
  switch (where) {
    case "Cloudflare":
      return where;
    case "backend":
      return "what answers";
    case "none":
      return "nowhere, it is in the clear";
    default:
      return `the gateway, \`${where}\``;
  }
}
