/** The tables of a status: the same in text and on the page. */
import { isNotSeen, type Found, type Status } from "./status.ts";
import {
  answerCell,
  audienceWords,
  backupCell,
  certificateCell,
  endingCell,
  hostCell,
  machineCell,
  momentText,
  nameCell,
  nodeCell,
  podsCell,
  releaseCell,
  storageCell,
  versionCell,
  type Cell,
  type Mood,
} from "./words.ts";

/** A table with its heading. */
export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** What is said in place of rows where there are none. */
  readonly empty: string;
  readonly mood?: Mood;
}

/** Every table that a site has something for. */
export function statusTables(status: Status): readonly Table[] {
  return [
    names(status),
    machines(status),
    ...alerts(status),
    ...certificates(status),
    ...backups(status),
    ...storage(status),
    versions(status),
  ];
}

const text = (value: string): Cell => ({ text: value });

function names({ names: all }: Status): Table {
  return {
    title: "Names",
    columns: ["name", "for", "leads to", "who passes", "pods", "asked from here", "certificate"],
    rows: all.map((one) => [
      nameCell(one),
      text(audienceWords[one.to]),
      text(one.protocol === "http" ? one.backend : `${one.backend} (${one.protocol})`),
      {
        text: one.passes,
        ...(one.withoutAccess === undefined ? {} : { mood: "warning" as const }),
      },
      podsCell(one),
      answerCell(one.answer),
      endingCell(one.certificate),
    ]),
    empty: "nothing has a name outside of the cluster",
  };
}

function machines({ hosts, topology: { cluster } }: Status): Table {
  return {
    title: "Hosts and machines",
    columns: ["machine", "role", "address", "state", "node", "RKE2", "on host", "host's state"],
    rows: hosts.flatMap((host) => {
      const own = [text(host.name), hostCell(host)];
      const none = ["none", "", "", "", "", ""].map(text);
      if (host.machines.length === 0) return [[...none, ...own]];
      return host.machines.map((machine) => [
        ...[machine.name, machine.role, machine.address].map(text),
        ...[machineCell(machine), nodeCell(machine), releaseCell(machine, cluster.version)],
        ...own,
      ]);
    }),
    empty: "",
  };
}

/** A table of what was looked for; one without rows that says why, where it could not be seen. */
function seenTable<T>(
  title: string,
  found: Found<readonly T[]> | undefined,
  columns: readonly string[],
  row: (one: T) => readonly Cell[],
  empty: string,
): readonly Table[] {
  if (found === undefined) return [];
  return [
    isNotSeen(found)
      ? { title, columns, rows: [], empty: `not seen: ${found.notSeen}`, mood: "unknown" }
      : { title, columns, rows: found.map(row), empty, mood: "ok" },
  ];
}

function alerts({ seen }: Status): readonly Table[] {
  return seenTable(
    "Alerts",
    seen?.alerts,
    ["alert", "severity", "says", "since"],
    ({ name, severity, text: says, since }) => [
      text(name),
      { text: severity, mood: severity === "critical" ? "error" : "warning" },
      text(says),
      text(since === undefined ? "" : momentText(since)),
    ],
    "none fires",
  );
}

function certificates({ seen }: Status): readonly Table[] {
  return seenTable(
    "Certificates of the cluster",
    seen?.certificates,
    ["certificate", "lasts"],
    (one) => [text(`${one.namespace}/${one.name}`), certificateCell(one)],
    "there is none",
  );
}

function backups({ seen }: Status): readonly Table[] {
  return seenTable(
    "Backups",
    seen?.backups,
    ["of", "where", "the newest"],
    (one) => [text(one.of), text(one.where), backupCell(one)],
    "there is none",
  );
}

function storage({ seen }: Status): readonly Table[] {
  const found = seen?.storage;
  return seenTable(
    "Storage",
    found === undefined || isNotSeen(found) ? found : [found],
    ["Ceph"],
    (one) => [storageCell(one)],
    "",
  );
}

function versions({ versions: all }: Status): Table {
  return {
    title: "Versions",
    columns: ["what", "version", "newer ones", "written at"],
    rows: all.map((one) => [text(one.what), text(one.version), versionCell(one), text(one.path)]),
    empty: "",
  };
}
