import { randomUUID } from "node:crypto";
import { z } from "zod";
import type { JsonStore } from "../store.ts";
import { WebError } from "../web/exchange.ts";
import { idOf, type FullItem, type KeptVault } from "./vaults.ts";

/** What was written through the API: items by id, and ids of what was deleted of the vaults' own. */
export interface WrittenItems {
  items: Record<string, FullItem>;
  deleted: string[];
}

export const nothingWritten: WrittenItems = { items: {}, deleted: [] };

const categories = [
  ...["LOGIN", "PASSWORD", "API_CREDENTIAL", "SERVER", "DATABASE", "CREDIT_CARD", "MEMBERSHIP"],
  ...["PASSPORT", "SOFTWARE_LICENSE", "OUTDOOR_LICENSE", "SECURE_NOTE", "WIRELESS_ROUTER"],
  ...["BANK_ACCOUNT", "DRIVER_LICENSE", "IDENTITY", "REWARD_PROGRAM", "EMAIL_ACCOUNT"],
  ...["SOCIAL_SECURITY_NUMBER", "MEDICAL_RECORD", "SSH_KEY"],
] as const;

const section = z.object({ id: z.string().min(1), label: z.string().optional() });

/** FullItem of the API's description, as far as it may be written. */
const written = z.object({
  id: z.string().optional(),
  title: z.string().min(1),
  vault: z.object({ id: z.string() }),
  category: z.enum(categories),
  tags: z.array(z.string()).optional(),
  urls: z.array(z.looseObject({ href: z.string() })).optional(),
  sections: z.array(section).optional(),
  fields: z
    .array(
      z.object({
        id: z.string().optional(),
        type: z.enum(["STRING", "EMAIL", "CONCEALED", "URL", "OTP", "DATE", "MONTH_YEAR", "MENU"]),
        purpose: z.enum(["", "USERNAME", "PASSWORD", "NOTES"]).optional(),
        label: z.string().optional(),
        value: z.string().optional(),
        section: section.partial({ label: true }).optional(),
        generate: z.literal(false).optional(),
      }),
    )
    .optional(),
});

/** The vaults with what was written to them; an item that was written anew stands where it stood. */
export function withWritten(
  vaults: readonly KeptVault[],
  { items, deleted }: WrittenItems,
): readonly KeptVault[] {
  return vaults.map(({ vault, items: own, contents }) => {
    const kept = own
      .filter(({ id }) => !deleted.includes(id))
      .map((item) => items[item.id] ?? item);
    const known = new Set(own.map(({ id }) => id));
    const added = Object.values(items).filter(
      (item) => item.vault.id === vault.id && !known.has(item.id),
    );
    const all = [...kept, ...added];
    return { vault: { ...vault, items: all.length }, items: all, contents };
  });
}

/** Makes an item. @throws a WebError with 400 for what is none. */
export function createItem(
  store: JsonStore<WrittenItems>,
  { vault }: KeptVault,
  body: Buffer,
): FullItem {
  const given = parse(body, vault.id);
  if (given.id !== undefined) throw invalid("the id of a new item is the server's");
  return keep(store, vault, given, idOf("written", randomUUID()), undefined);
}

/** Replaces an item as a whole; its version rises. @throws a WebError with 400. */
export function replaceItem(
  store: JsonStore<WrittenItems>,
  { vault }: KeptVault,
  before: FullItem,
  body: Buffer,
): FullItem {
  const given = parse(body, vault.id);
  if (given.id !== before.id) throw invalid("the item's id is not that of the path");
  return keep(store, vault, given, before.id, before);
}

/** Deletes an item for good: archives are not played. */
export function deleteItem(store: JsonStore<WrittenItems>, { id }: FullItem): void {
  store.change((state) => {
    state.items = Object.fromEntries(Object.entries(state.items).filter(([key]) => key !== id));
    state.deleted = [...state.deleted, id];
  });
}

function keep(
  store: JsonStore<WrittenItems>,
  vault: KeptVault["vault"],
  { title, category, tags = [], urls = [], sections = [], fields = [] }: z.infer<typeof written>,
  id: string,
  before: FullItem | undefined,
): FullItem {
  const now = new Date().toISOString();
  const item: FullItem = {
    ...{ id, title, category, tags, urls },
    vault: { id: vault.id, name: vault.name },
    version: (before?.version ?? 0) + 1,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    sections,
    fields: fields.map(({ value = "", section: within, ...field }, index) => ({
      ...{ type: field.type, purpose: field.purpose },
      id: field.id ?? idOf("field", `${id}/${index}`),
      label: field.label ?? "",
      // An empty field has no value in the API's answers.
      ...(value === "" ? {} : { value }),
      ...(within === undefined ? {} : { section: within }),
    })),
  };
  store.change((state) => {
    state.items = { ...state.items, [id]: item };
  });
  return item;
}

function parse(body: Buffer, vault: string): z.infer<typeof written> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw invalid("no JSON");
  }
  const result = written.safeParse(value);
  if (!result.success) {
    const paths = result.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
    throw invalid(paths.join("; "));
  }
  if (result.data.vault.id !== vault) throw invalid("vault.id is not that of the path");
  return result.data;
}

const invalid = (why: string): WebError =>
  new WebError(400, `Unable to create item due to invalid input: ${why}`);
