import { createHash } from "node:crypto";

/** A vault as it is given to the lab. */
export interface VaultSpec {
  readonly title: string;
  readonly items: readonly ItemSpec[];
}

/** An item: its fields by label; a label `SECTION/LABEL` lies in a section. Its files by name. */
export interface ItemSpec {
  readonly title: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, Buffer>>;
}

/** A vault as the API shows it. */
export interface Vault {
  readonly id: string;
  readonly name: string;
  readonly attributeVersion: number;
  readonly contentVersion: number;
  readonly items: number;
  readonly type: "USER_CREATED";
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An item as a list shows it: without sections and fields. */
export interface Item {
  readonly id: string;
  readonly title: string;
  readonly vault: { readonly id: string; readonly name: string };
  readonly category: string;
  readonly tags?: readonly string[] | undefined;
  readonly urls?: readonly { readonly href: string }[] | undefined;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

interface Section {
  readonly id: string;
  readonly label?: string | undefined;
}

/** An item with everything in it. */
export interface FullItem extends Item {
  readonly sections: readonly Section[];
  readonly fields: readonly {
    readonly id: string;
    readonly type: string;
    readonly purpose?: string | undefined;
    readonly label: string;
    readonly value?: string;
    readonly section?: Section;
  }[];
  readonly files?: readonly {
    readonly id: string;
    readonly name: string;
    readonly size: number;
    readonly content_path: string;
  }[];
}

/** A vault with its items, ids given. */
export interface KeptVault {
  readonly vault: Vault;
  readonly items: readonly FullItem[];
  /** What files hold, by their ids. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** When everything was made that a site file asks for. */
const made = "2025-01-01T00:00:00Z";

/** Gives vaults, items, sections and fields their ids, which depend on titles alone. */
export function keepVaults(specs: readonly VaultSpec[]): readonly KeptVault[] {
  return numbered(specs).map(([spec, key]) => {
    const id = idOf("vault", key);
    const vault: Vault = {
      ...{ id, name: spec.title, attributeVersion: 1, contentVersion: 1 },
      ...{ items: spec.items.length, type: "USER_CREATED", createdAt: made, updatedAt: made },
    };
    const contents = new Map<string, Buffer>();
    const items = numbered(spec.items).map(([item, itemKey]) => {
      const full = fullItem(item, idOf("item", `${id}/${itemKey}`), vault);
      for (const [name, content] of Object.entries(item.files ?? {}))
        contents.set(fileId(full.id, name), content);
      return full;
    });
    return { vault, items, contents };
  });
}

/** An item as lists show it. */
export function summary({ id, title, vault, category, tags, urls, ...rest }: FullItem): Item {
  const { version, createdAt, updatedAt } = rest;
  return { id, title, vault, category, version, createdAt, updatedAt, tags, urls };
}

/** 26 lower-case letters and digits 2 to 7 (base32, RFC 4648), as 1Password's ids are. */
export function idOf(kind: string, key: string): string {
  const letters = "abcdefghijklmnopqrstuvwxyz234567";
  const digest = createHash("sha256").update(`${kind}:${key}`).digest();
  return [...digest.subarray(0, 26)].map((byte) => letters[byte % 32]).join("");
}

const fileId = (item: string, name: string): string => idOf("file", `${item}/${name}`);

/** Titles may repeat, ids may not: the second of a title gets a key of its own. */
function numbered<T extends { readonly title: string }>(specs: readonly T[]): [T, string][] {
  return specs.map((spec, index) => {
    const before = specs.slice(0, index).filter(({ title }) => title === spec.title).length;
    return [spec, before === 0 ? spec.title : `${spec.title}#${before + 1}`];
  });
}

function fullItem(spec: ItemSpec, id: string, vault: Vault): FullItem {
  const sections = new Map<string, Section>();
  const fields = Object.entries(spec.fields).map(([path, value]) => {
    const [label = path, name] = path.split("/").reverse();
    const section =
      name === undefined ? undefined : { id: idOf("section", `${id}/${name}`), label: name };
    if (section !== undefined) sections.set(section.id, section);
    return {
      id: idOf("field", `${id}/${path}`),
      type: "CONCEALED" as const,
      label,
      // An empty field has no value in the API's answers.
      ...(value === "" ? {} : { value }),
      ...(section === undefined ? {} : { section }),
    };
  });
  const files = Object.entries(spec.files ?? {}).map(([name, content]) => ({
    ...{ id: fileId(id, name), name, size: content.length },
    content_path: `v1/vaults/${vault.id}/items/${id}/files/${fileId(id, name)}/content`,
  }));
  return {
    ...{ id, title: spec.title, vault: { id: vault.id, name: vault.name } },
    ...{ category: "API_CREDENTIAL", version: 1, createdAt: made, updatedAt: made },
    sections: [...sections.values()],
    fields,
    ...(files.length === 0 ? {} : { files }),
  };
}
