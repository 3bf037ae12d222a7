import { Stash } from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { declaredStatus } from "../status/declared.ts";
import { statusPage } from "../status/page.ts";
import { momentText } from "../status/words.ts";
import { webApplication } from "./application.ts";

/**
 * How the site is set up, as a page for whoever runs it, and a web server that shows it. Folder and port are those of
 * https://github.com/nginxinc/docker-nginx-unprivileged, which writes nowhere but in /tmp.
 */
export const status = webApplication({
  title: "Status",
  about: "Status, a page of how the site is set up, for the tailnet alone",
  replicas: 1,
  shape: { port: 8080 },
  audiences: ["tailnet"],
  files: {
    folder: "/usr/share/nginx/html",
    content: (name, { site: { name: site, config } }) => {
      const status = declaredStatus(site, config);
      const content = createHash("sha256").update(statusPage(status, "")).digest("hex");
      // The moment is that of the run which wrote this content first: later ones change nothing.
      const written = new Stash(
        `${name}-written-${content.slice(0, 12)}`,
        { input: new Date().toISOString() },
        { ignoreChanges: ["input"] },
      );
      const made = written.output.apply((at: unknown) => madeBy(site, String(at)));
      return { "index.html": made.apply((text) => statusPage(status, text)) };
    },
  },
});

function madeBy(site: string, at: string): string {
  return (
    `How the site is set up, written on ${momentText(at)} by npm run up. ` +
    `How it is now: npm run status -- --stack ${site}.`
  );
}
