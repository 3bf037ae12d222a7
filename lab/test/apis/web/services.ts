import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEdge } from "../../../apis/cloudflare/edge.ts";
import { createConnect } from "../../../apis/connect/server.ts";
import { createGit } from "../../../apis/git/server.ts";
import { createDiscord } from "../../../apis/discord/server.ts";
import { createHealthchecks } from "../../../apis/healthchecks/server.ts";
import { createS3 } from "../../../apis/s3/server.ts";
import type { Faults } from "../../../world/faults.ts";
import { alertsChannel, heartbeatCheck } from "../../../world/inventory.ts";
import { createMirrors } from "../../../apis/mirrors/server.ts";
import type { WebOptions } from "../../../apis/web/server.ts";
import { selfSigned } from "../certificate.ts";
import { TestCloudflare } from "../cloudflare-client.ts";
import { FakeWorld } from "../edge/fake-world.ts";
import { TunnelClient } from "../edge/tunnel-client.ts";
import { httpsRequest, type Answer } from "../https-request.ts";
import { signedRequest, storeKey } from "../s3-request.ts";
import { TestCluster } from "../proxmox/cluster.ts";
import { TestTailnet } from "../tailscale-server.ts";

type Asked = Pick<Answer, "status" | "headers">;

/** A service that answers on loopback. */
export interface Opened {
  readonly logFile: string;
  /** A request on a connection of its own, answered with 200 each time. */
  ask(): Promise<Asked>;
  /** A request that changes something, where the service has one. */
  change?(): Promise<Asked>;
  /** Whether the change was carried out. */
  changed?(): Promise<boolean>;
  close(): Promise<void>;
}

/** A service of the lab, and how to open it. */
export interface Subject {
  /** As faults call it. */
  readonly service: string;
  /** What faults take the requests' host for. */
  readonly host: string;
  open(faults: Faults): Promise<Opened>;
}

const tls = selfSigned();

type FolderOptions = WebOptions & { stateDir: string; logFile: string };

/** Opens a service in a folder of its own. */
async function opened(
  faults: Faults,
  open: (options: FolderOptions) => Promise<Opened>,
): Promise<Opened> {
  const stateDir = mkdtempSync(join(tmpdir(), "web-"));
  const logFile = join(stateDir, "access.log");
  const service = await open({ address: "127.0.0.1", port: 0, tls, faults, stateDir, logFile });
  return {
    ...service,
    close: async () => {
      await service.close();
      rmSync(stateDir, { recursive: true });
    },
  };
}

const request = (
  { port }: { port: number },
  path: string,
  headers: Record<string, string>,
  method = "GET",
): Promise<Answer> =>
  httpsRequest({ host: "127.0.0.1", port, rejectUnauthorized: false, method, path, headers });

/** A service that is only asked, by a GET of a path. */
function asked(
  service: string,
  host: string,
  path: string,
  {
    open,
    headers,
  }: {
    open: (options: FolderOptions) => Promise<{ readonly port: number; close(): Promise<void> }>;
    headers?: Record<string, string>;
  },
): Subject {
  return {
    ...{ service, host },
    open: (faults) =>
      opened(faults, async (options) => {
        const web = await open(options);
        return {
          logFile: options.logFile,
          ask: () => request(web, path, { host, ...headers }),
          close: () => web.close(),
        };
      }),
  };
}

/** Every service that the stand-in web server serves. */
export const subjects: readonly Subject[] = [
  {
    service: "proxmox",
    host: "stone",
    open: async (faults) => {
      const cluster = new TestCluster();
      cluster.faults = faults;
      await cluster.open();
      return {
        logFile: cluster.logFile,
        ask: () => cluster.call("GET", "pools"),
        change: () => cluster.call("POST", "pools", { poolid: "late" }),
        changed: async () => (await cluster.call("GET", "pools")).body.includes("late"),
        close: () => cluster.close(),
      };
    },
  },
  {
    service: "tailscale",
    host: "api.tailscale.com",
    open: async (faults) => {
      const tailnet = new TestTailnet();
      await tailnet.start();
      tailnet.faults = faults;
      const url = "tailnet/-/dns/searchpaths";
      return {
        logFile: join(tailnet.folder, "access.log"),
        ask: () => tailnet.send("GET", url),
        change: () => tailnet.send("POST", url, { searchPaths: ["late"] }),
        changed: async () => (await tailnet.send("GET", url)).body.includes("late"),
        close: () => tailnet.stop(),
      };
    },
  },
  {
    service: "cloudflare",
    host: "api.cloudflare.com",
    open: async (faults) => {
      const cloudflare = new TestCloudflare();
      await cloudflare.start();
      cloudflare.faults = faults;
      const url = "{a}/access/policies";
      const policy = { name: "late", decision: "allow", include: [{ everyone: {} }] };
      return {
        logFile: join(cloudflare.folder, "access.log"),
        ask: () => cloudflare.call("GET", url),
        change: () => cloudflare.call("POST", url, policy),
        changed: async () => (await cloudflare.result<unknown[]>("GET", url)).length > 0,
        close: () => cloudflare.end(),
      };
    },
  },
  {
    service: "cloudflare.edge",
    host: "typeo.example.net",
    open: (faults) =>
      opened(faults, async (options) => {
        const token = { a: "a".repeat(32), t: "tunnel", s: "c2VjcmV0" };
        const world = new FakeWorld();
        world.tunnels = [{ id: token.t, accountId: token.a, secret: token.s, ingress: [] }];
        world.dns = [
          {
            ...{ name: "typeo.example.net", type: "CNAME", proxied: true },
            content: `${token.t}.cfargotunnel.com`,
          },
        ];
        const edge = await createEdge({
          ...{ ...options, tunnelPort: 0, world: () => world, team: "homelab" },
          mailbox: () => undefined,
        });
        const client = await new TunnelClient().connect(edge.tunnelPort, token);
        while (edge.connections.count(token.t) === 0)
          await new Promise((resolve) => setImmediate(resolve));
        const ask = (method: string): Promise<Answer> =>
          request(edge, "/", { host: "typeo.example.net" }, method);
        return {
          logFile: options.logFile,
          ask: () => ask("GET"),
          change: () => ask("POST"),
          changed: () =>
            Promise.resolve(client.arrived.some(({ headers }) => headers[":method"] === "POST")),
          close: () => edge.close(),
        };
      }),
  },
  asked("connect", "connect.home.arpa", "/v1/vaults", {
    open: (options) => createConnect({ ...options, token: "connect-token", vaults: () => [] }),
    headers: { authorization: "Bearer connect-token" },
  }),
  {
    service: "s3",
    host: "nas.home.arpa",
    open: (faults) =>
      opened(faults, async (options) => {
        const store = await createS3({ ...options, buckets: ["backup"], key: storeKey });
        const send = (method: string, path: string, body?: string): Promise<Answer> =>
          signedRequest(store.port, method, path, storeKey, { body });
        return {
          logFile: options.logFile,
          ask: () => send("GET", "/backup?list-type=2"),
          change: () => send("PUT", "/backup/late", "x"),
          changed: async () =>
            (await send("GET", "/backup?list-type=2")).body.includes("<Key>late</Key>"),
          close: () => store.close(),
        };
      }),
  },
  asked("git", "git.example.org", "/homelab.git/info/refs?service=git-upload-pack", {
    open: (options) => createGit({ ...options, repository: "homelab.git", token: "git-token" }),
    headers: { authorization: `Basic ${Buffer.from("me:git-token").toString("base64")}` },
  }),
  asked("healthchecks", "healthchecks.io", `/api/v3/checks/${heartbeatCheck.check}`, {
    open: (options) => createHealthchecks({ ...options, ...heartbeatCheck }),
    headers: { "x-api-key": heartbeatCheck.apiKey },
  }),
  asked("discord", "discord.com", `/api/v10/channels/${alertsChannel.channel}/messages`, {
    open: (options) => createDiscord({ ...options, ...alertsChannel }),
    headers: { authorization: `Bot ${alertsChannel.bot}` },
  }),
  asked("mirrors", "helm.cilium.io", "/index.yaml", {
    open: (options) =>
      createMirrors({
        ...{ ...options, cacheDir: options.stateDir, chartsSource: options.stateDir },
        ...{ rke2Binary: "none", tailscaleBinary: "none", repositories: options.stateDir },
      }),
  }),
];
