/** What the sites use beyond their own walls: Tailscale, Cloudflare and its edge, public DNS; 1Password Connect and a store. */
import { join } from "node:path";
import { createEdge } from "../apis/cloudflare/edge.ts";
import { createCloudflare } from "../apis/cloudflare/server.ts";
import type { CloudflareWorld } from "../apis/cloudflare/world.ts";
import { createConnect } from "../apis/connect/server.ts";
import { createDiscord } from "../apis/discord/server.ts";
import { createGit } from "../apis/git/server.ts";
import { createHealthchecks } from "../apis/healthchecks/server.ts";
import { createS3 } from "../apis/s3/server.ts";
import { createTailscale } from "../apis/tailscale/server.ts";
import type { WebOptions } from "../apis/web/server.ts";
import type { ServiceLine } from "../control/status.ts";
import type { LabPaths } from "../host/paths.ts";
import { siteFilesDirectory } from "../host/site-files.ts";
import { PublicDns } from "../network/public-dns.ts";
import { LetsEncrypt } from "./lets-encrypt.ts";
import type { Authority } from "../world/authority.ts";
import type { Credentials } from "../world/credentials.ts";
import type { FaultRegistry } from "../world/fault-registry.ts";
import {
  alertsChannel,
  connect,
  gitRepository,
  heartbeatCheck,
  internet,
  objectStore,
  publicZone,
} from "../world/inventory.ts";
import type { Mail } from "../world/mailbox.ts";
import { readerVaults, vaults } from "../world/vaults.ts";

export interface InternetOptions {
  /** The program that plays Let's Encrypt. */
  readonly acme: string;
  readonly paths: LabPaths;
  readonly authority: Authority;
  readonly credentials: Credentials;
  readonly faults: FaultRegistry;
  /** Takes the mail that services send to people. */
  readonly deliver: (mail: Mail) => void;
  /** Told of what fails beside a request. */
  readonly report: (error: unknown) => void;
}

/** The running services. */
export interface LabInternet {
  services(): readonly ServiceLine[];
  close(): Promise<void>;
}

/** Starts everything; on failure what was started is closed again. */
export async function createInternet(options: InternetOptions): Promise<LabInternet> {
  const { paths, authority, credentials, faults } = options;
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers.reverse()) await end();
  };
  const base = async (
    name: string,
    address: string,
    names: readonly string[],
  ): Promise<WebOptions & { stateDir: string }> => ({
    address,
    tls: await authority.issue([...names, address]),
    stateDir: join(paths.state, "internet", name),
    faults,
    logFile: join(paths.logs, `${name}.log`),
  });
  try {
    const dns = new PublicDns(paths.run, paths.logs);
    await dns.start();
    closers.push(() => dns.stop());

    const letsEncrypt = new LetsEncrypt(options.acme, paths);
    closers.push(() => letsEncrypt.stop());
    await letsEncrypt.start(authority);

    const onePassword = await createConnect({
      ...(await base("connect", connect.address, [connect.name])),
      token: credentials.connectToken,
      server: credentials.connectServer,
      vaults: () => vaults(credentials, siteFilesDirectory(paths), paths.state),
      readers: () => readerVaults(paths.state),
    });
    closers.push(() => onePassword.close());

    const store = await createS3({
      ...(await base("s3", objectStore.address, [objectStore.name])),
      ...{ port: objectStore.port, buckets: objectStore.buckets, key: credentials.objectStore },
    });
    closers.push(() => store.close());

    const git = await createGit({
      ...(await base("git", internet.git.address, internet.git.names)),
      ...{ repository: gitRepository, token: credentials.gitToken },
    });
    closers.push(() => git.close());

    const tailscale = await createTailscale({
      ...(await base("tailscale", internet.tailscale.address, internet.tailscale.names)),
      oauthClient: {
        id: credentials.tailscale.clientId,
        secret: credentials.tailscale.clientSecret,
      },
    });
    closers.push(() => tailscale.close());

    const healthchecks = await createHealthchecks({
      ...(await base("healthchecks", internet.healthchecks.address, internet.healthchecks.names)),
      ...heartbeatCheck,
    });
    closers.push(() => healthchecks.close());
    const discord = await createDiscord({
      ...(await base("discord", internet.discord.address, internet.discord.names)),
      ...alertsChannel,
    });
    closers.push(() => discord.close());

    // The edge asks for the world only once the API is up.
    const account: { world?: CloudflareWorld } = {};
    const edge = await createEdge({
      ...(await base("edge", internet.edge.address, [
        ...internet.edge.names,
        publicZone.name,
        `*.${publicZone.name}`,
      ])),
      world: () => {
        if (account.world === undefined)
          throw new Error("the edge was asked before the API was up");
        return account.world;
      },
      team: publicZone.team,
      mailbox: options.deliver,
    });
    closers.push(() => edge.close());
    const cloudflare = await createCloudflare({
      ...(await base("cloudflare", internet.cloudflare.address, internet.cloudflare.names)),
      apiToken: credentials.cloudflareToken,
      accountId: publicZone.accountId,
      zoneId: publicZone.id,
      zone: publicZone.name,
      nameServers: publicZone.nameServers,
      connections: edge.connections,
    });
    closers.push(() => cloudflare.close());
    account.world = cloudflare.world;
    const follow = (): void => {
      dns.setRecords(cloudflare.world.records()).catch(options.report);
    };
    cloudflare.world.onChange(follow);
    follow();
  } catch (error) {
    await close();
    throw error;
  }
  return { services: () => serviceLines(paths), close };
}

function serviceLines({ logs }: LabPaths): ServiceLine[] {
  const https = (names: readonly string[]): string =>
    names.map((name) => `https://${name}`).join(" ");
  return [
    { name: "1Password Connect", address: https([connect.name]), log: join(logs, "connect.log") },
    {
      name: "S3 store",
      address: `https://${objectStore.name}:${objectStore.port}`,
      log: join(logs, "s3.log"),
    },
    {
      name: "git",
      address: `https://${internet.git.names[0]}/${gitRepository}`,
      log: join(logs, "git.log"),
    },
    {
      name: "Tailscale",
      address: https(internet.tailscale.names),
      log: join(logs, "tailscale.log"),
    },
    {
      name: "Cloudflare",
      address: https(internet.cloudflare.names),
      log: join(logs, "cloudflare.log"),
    },
    {
      name: "Let's Encrypt",
      address: `${https(internet.letsEncrypt.names)}/directory`,
      log: join(logs, "letsencrypt.log"),
    },
    {
      name: "Let's Encrypt, staging",
      address: `${https(internet.letsEncryptStaging.names)}/directory`,
      log: join(logs, "letsencrypt-staging.log"),
    },
    {
      name: "Healthchecks.io",
      address: https(internet.healthchecks.names),
      log: join(logs, "healthchecks.log"),
    },
    { name: "Discord", address: https(internet.discord.names), log: join(logs, "discord.log") },
    {
      name: "Cloudflare's edge",
      address: https([`*.${publicZone.name}`, ...internet.edge.names]),
      log: join(logs, "edge.log"),
    },
  ];
}
