/** Zone files of the site's own resolver. */
import { createHash } from "node:crypto";
import { isIn, type AddressRecord } from "./names.ts";

/** A zone and its text in the form of RFC 1035, section 5. */
export interface ZoneFile {
  readonly zone: string;
  readonly text: string;
}

/** Seconds that answers are kept, those that a name does not exist too. */
const ttl = 300;

/** Label of the resolver itself in every zone. */
export const serverLabel = "ns";

/**
 * Zones that hold these names: the site's domain, and each name outside of it as a zone by itself, so that nothing else of
 * the domain around it is hidden. The serial is made of the content: equal content has an equal file.
 */
export function zoneFiles(
  domain: string,
  records: readonly AddressRecord[],
  resolver: string,
): readonly [ZoneFile, ...ZoneFile[]] {
  const inside = records.filter(({ name }) => isIn(domain, name));
  const outside = records.filter(({ name }) => !isIn(domain, name));
  return [
    zoneFile(domain, inside, resolver),
    ...outside.map((record) => zoneFile(record.name, [record], resolver)),
  ];
}

function zoneFile(zone: string, records: readonly AddressRecord[], resolver: string): ZoneFile {
  const lines = records.map(
    ({ name, address }) =>
      `${name === zone ? "@" : name.slice(0, -zone.length - 1)} IN A ${address}`,
  );
  const server = `${serverLabel}.${zone}.`;
  const glue = records.some(({ name }) => `${name}.` === server)
    ? []
    : [`${serverLabel} IN A ${resolver}`];
  const content = [`@ IN NS ${server}`, ...glue, ...lines];
  return {
    zone,
    text: [
      `$ORIGIN ${zone}.`,
      `$TTL ${ttl}`,
      `@ IN SOA ${server} hostmaster.${zone}. ${serial(content)} 7200 900 1209600 ${ttl}`,
      ...content,
      "",
    ].join("\n"),
  };
}

/** 31 bits of the content, never 0. */
function serial(content: readonly string[]): number {
  const hash = createHash("sha256").update(content.join("\n")).digest();
  return (hash.readUInt32BE(0) >>> 1) + 1;
}
