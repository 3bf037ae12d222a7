import type {
  AccessApplication,
  AccessPolicy,
  CloudflareWorld,
} from "../../../apis/cloudflare/world.ts";

type Tunnel = NonNullable<ReturnType<CloudflareWorld["tunnel"]>>;
type DnsRecord = ReturnType<CloudflareWorld["records"]>[number];

/** A world that a test changes; `changed` tells the edge. */
export class FakeWorld implements CloudflareWorld {
  dns: DnsRecord[] = [];
  tunnels: Tunnel[] = [];
  applications: AccessApplication[] = [];
  tokens: { id: string; name: string; clientId: string; clientSecret: string }[] = [];
  readonly #listeners = new Set<() => void>();

  records(): readonly DnsRecord[] {
    return this.dns;
  }
  tunnel(id: string): Tunnel | undefined {
    return this.tunnels.find((tunnel) => tunnel.id === id);
  }
  application(hostname: string, path: string): AccessApplication | undefined {
    return this.applications
      .filter(({ domain }) => `${hostname}${path}/`.startsWith(`${domain}/`))
      .sort((one, other) => other.domain.length - one.domain.length)[0];
  }
  serviceToken(clientId: string, clientSecret: string): { id: string; name: string } | undefined {
    return this.tokens.find(
      (token) => token.clientId === clientId && token.clientSecret === clientSecret,
    );
  }
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** A policy without exclusions. */
export function policy(
  decision: AccessPolicy["decision"],
  ...include: AccessPolicy["include"]
): AccessPolicy {
  return { id: decision, decision, include, exclude: [], require: [] };
}

/** An application for a domain. */
export function application(domain: string, ...policies: AccessPolicy[]): AccessApplication {
  return {
    id: domain,
    aud: Buffer.from(domain).toString("hex").padEnd(64, "0"),
    name: domain,
    domain,
    sessionDuration: "24h",
    policies,
  };
}
