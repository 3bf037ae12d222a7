/** How a status is put into words, in text and on the page alike. */
import { isOlder } from "../parts/versions/order.ts";
import type { Answer } from "./answer.ts";
import {
  isNotSeen,
  type BackupStatus,
  type CertificateStatus,
  type Ending,
  type Found,
  type HostStatus,
  type MachineStatus,
  type NameStatus,
  type StorageStatus,
  type VersionStatus,
} from "./status.ts";

/** How something is, beside what is said of it. */
export type Mood = "ok" | "warning" | "error" | "unknown";

/** A cell of a table: what it says, and how that is. */
export interface Cell {
  readonly text: string;
  readonly mood?: Mood;
  /** Where it leads to. */
  readonly link?: string;
}

const plain = (text: string): Cell => ({ text });

/** Nothing where nobody looked, else what was found or that it could not be seen. */
function cell<T>(found: Found<T> | undefined, said: (value: T) => Cell): Cell {
  if (found === undefined) return plain("");
  return isNotSeen(found) ? { text: `not seen: ${found.notSeen}`, mood: "unknown" } : said(found);
}

/** Whom a name is for. */
export const audienceWords = {
  lan: "the LAN",
  tailnet: "the tailnet",
  public: "the internet",
} as const;

/** A name with the beginning of the paths that lead there. */
export function nameText({ host, path }: Pick<NameStatus, "host" | "path">): string {
  return path === undefined ? host : `${host}${path}`;
}

/** A name, which leads to its pages where it has some. */
export function nameCell(one: Pick<NameStatus, "host" | "path" | "protocol" | "tls">): Cell {
  const { protocol, tls } = one;
  const text = nameText(one);
  if (protocol !== "http") return { text };
  return { text, link: `${tls === "none" ? "http" : "https"}://${text}` };
}

export function podsCell({ pods }: Pick<NameStatus, "pods">): Cell {
  return cell(pods, ({ ready, all }) => ({
    text: `${ready}/${all}`,
    mood: ready === 0 ? "error" : ready < all ? "warning" : "ok",
  }));
}

export function answerCell(answer: Answer | undefined): Cell {
  if (answer === undefined) return plain("");
  const { asked, severity, text } = answer;
  return asked ? { text, mood: severity } : { text: `not asked: ${text}`, mood: "unknown" };
}

/** Days of a certificate. Clients are refused once it has ended; cert-manager renews in the last third. */
export function endingCell(ending: Ending | undefined): Cell {
  if (ending === undefined) return plain("");
  const { days } = ending;
  if (days < 0) return { text: `ended ${-days} days ago`, mood: "error" };
  return { text: days === 1 ? "1 day" : `${days} days`, mood: days < 7 ? "warning" : "ok" };
}

export function certificateCell(one: CertificateStatus): Cell {
  if (!one.ready) return { text: "is not Ready", mood: "error" };
  return one.ends === undefined || one.days === undefined
    ? plain("")
    : endingCell({ ends: one.ends, days: one.days });
}

export function hostCell({ state }: Pick<HostStatus, "state">): Cell {
  return cell(state, (text) => ({ text, mood: text === "online" ? "ok" : "error" }));
}

export function machineCell({ state }: Pick<MachineStatus, "state">): Cell {
  return cell(state, (text) => ({ text, mood: text === "running" ? "ok" : "error" }));
}

export function nodeCell({ node }: Pick<MachineStatus, "node">): Cell {
  return cell(node, ({ state, ready, cordoned }) => ({
    text: cordoned ? `${state}, cordoned` : state,
    mood: ready ? (cordoned ? "warning" : "ok") : "error",
  }));
}

/** The release that a node runs; another one than the site's is an upgrade on its way, or one that stopped. */
export function releaseCell({ node }: Pick<MachineStatus, "node">, wanted: string): Cell {
  if (node === undefined || isNotSeen(node) || node.version === undefined) return plain("");
  return { text: node.version, mood: node.version === wanted ? "ok" : "warning" };
}

export function backupCell({ last, hours }: BackupStatus): Cell {
  if (last === undefined || hours === undefined) return { text: "there is none", mood: "warning" };
  if (hours < 1) return plain("less than an hour ago");
  if (hours < 48) return plain(hours === 1 ? "1 hour ago" : `${hours} hours ago`);
  return plain(`${Math.floor(hours / 24)} days ago`);
}

export function storageCell({ health, usedGiB, totalGiB }: StorageStatus): Cell {
  const mood = ({ HEALTH_OK: "ok", HEALTH_WARN: "warning" } as const)[health] ?? "error";
  return { text: `${health}, ${usedGiB} of ${totalGiB} GiB on disks are used`, mood };
}

/** Whether there is a newer version, and whether the program could take it. */
export function versionCell({ version, newest, known }: VersionStatus): Cell {
  const behind = newest !== undefined && isOlder(version, newest);
  const offered = newest === undefined ? [] : [behind ? `${newest} is out` : "the newest"];
  const last = known?.at(-1);
  const pinned =
    last === undefined
      ? []
      : [
          isOlder(version, last)
            ? `the program knows ${last}`
            : "pinned: the newest that the program knows",
        ];
  return {
    text: [...offered, ...pinned].join("; "),
    ...(behind
      ? { mood: "warning" as const }
      : newest === undefined
        ? {}
        : { mood: "ok" as const }),
  };
}

/** The moment of a status as people write it, in UTC. */
export function momentText(at: string): string {
  return `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;
}
