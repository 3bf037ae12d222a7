import { z } from "zod";
import { label } from "../../config/forms.ts";

/** Logins of tailnets: https://tailscale.com/kb/1337/policy-syntax, under "Reference users". */
const login = z
  .string()
  .regex(
    /^(?!group:)[^\s@]+@([^\s@]+\.[^\s@.]+|github|passkey)$/,
    "use a login: an e-mail address, or NAME@github or NAME@passkey; a synced group stands in grants by itself",
  )
  .meta({ examples: ["admin@example.net"] });

/** The group whose members reach everything. */
export const admins = "admins";

/** Who uses the site, by group: the tailnet's policy and Access know people from here. */
export const people = z
  .record(label, z.array(login).min(1, "has no members; name somebody, or remove the group"))
  .default({})
  .meta({
    description:
      "People by group, as e-mail addresses or logins of the tailnet; the group `admins` reaches every machine and service",
    examples: [{ admins: ["admin@example.net"], family: ["family@example.net"] }],
  });

export type People = z.infer<typeof people>;
