import type { Input, Resource } from "@pulumi/pulumi";

/** A public name, and what answers behind it. */
export interface Publication {
  /** Name of the application, for people: part of names at Cloudflare. */
  readonly name: string;
  /** Public DNS name inside the zone. */
  readonly hostname: string;
  /** Address inside the cluster: `http://NAME.NAMESPACE.svc.DOMAIN:PORT`. */
  readonly service: Input<string>;
  /** Names of Access policies; an identity that one of them allows passes. */
  readonly access: readonly string[];
  /** Says aloud that no Access stands in front, and why. */
  readonly withoutAccess?: string;
  /** What must stand before the name resolves. */
  readonly after?: Resource;
}

/** What is wrong with a publication. */
export interface PublicationProblem {
  readonly hostname: string;
  readonly text: string;
}

type Named = Pick<Publication, "hostname" | "access" | "withoutAccess">;

/** Everything that stands against publishing these names, in their order. */
export function publicationProblems(
  zone: string,
  policies: readonly string[],
  publications: readonly Named[],
): readonly PublicationProblem[] {
  const seen = new Set<string>();
  return publications.flatMap(({ hostname, access, withoutAccess }) => {
    const texts: string[] = [];
    if (hostname.includes("*")) {
      texts.push("is a wildcard, which would publish names that nobody listed; name each host");
    } else if (hostname !== zone && !hostname.endsWith(`.${zone}`)) {
      texts.push(`is not inside the zone ${zone}; use a name such as app.${zone}`);
    }
    if (seen.has(hostname)) texts.push("is published twice; give each application its own name");
    seen.add(hostname);
    if (access.length === 0 && withoutAccess === undefined) {
      texts.push(
        "has no Access in front; name policies of edge.access under `access`, or say under `withoutAccess` why " +
          "everybody may reach it",
      );
    }
    if (access.length > 0 && withoutAccess !== undefined) {
      texts.push("has both `access` and `withoutAccess`; keep one of them");
    }
    for (const policy of access.filter((name) => !policies.includes(name))) {
      texts.push(
        `refers to the Access policy ${policy}, which edge.access lacks; known are: ${policies.join(", ") || "none"}`,
      );
    }
    return texts.map((text) => ({ hostname, text }));
  });
}
