import { mostNames, type CertificatePlan } from "../../../components/certificates/plan.ts";
import { isIn } from "../../../components/names/names.ts";
import type { Problem } from "../../../components/problem.ts";
import { contains } from "../../../components/network/cidr.ts";
import { repeated } from "../../config/lists.ts";
import type { SiteConfig } from "../../schema.ts";

type Certificates = NonNullable<SiteConfig["certificates"]>;

const section = "homelab:certificates";

/** What is public lies in the public zone, no two certificates share an object, and Let's Encrypt takes what it is told. */
export function checkCertificates({ certificates, edge }: SiteConfig): readonly Problem[] {
  if (certificates === undefined) return [];
  return [
    ...account(certificates),
    ...(edge === undefined ? withoutZone(certificates) : outside(certificates, edge.zone)),
    ...names(certificates),
    ...shared(certificates),
    ...resolvers(certificates),
  ];
}

/** Domains that Let's Encrypt refuses in a contact (letsencrypt/boulder, policy/pa.go, forbiddenMailDomains). */
const refusedMail = ["example.com", "example.net", "example.org"];

function account({ email }: Certificates): readonly Problem[] {
  const domain = email?.split("@").at(-1)?.toLowerCase();
  if (domain === undefined || !refusedMail.includes(domain)) return [];
  return [
    {
      path: `${section}.email`,
      text: `Let's Encrypt refuses addresses at ${domain}; use one that somebody reads, or remove it: it needs none`,
    },
  ];
}

/** What concerns Let's Encrypt, where nothing can be proven to it. */
function withoutZone({ further, staging, apiToken, email }: Certificates): readonly Problem[] {
  const text =
    "concerns Let's Encrypt, which knows a site by its public zone, and there is none; add homelab:edge, or remove it";
  const written = { staging: staging || undefined, apiToken, email };
  return [
    ...Object.entries(written).flatMap(([key, value]) =>
      value === undefined ? [] : [{ path: `${section}.${key}`, text }],
    ),
    ...Object.entries(further).flatMap(([name, { issuer }]) =>
      issuer === "public" ? [{ path: `${section}.further.${name}.issuer`, text }] : [],
    ),
  ];
}

function outside({ further }: Certificates, zone: string): readonly Problem[] {
  return Object.entries(further).flatMap(([name, { names: wanted, issuer }]) =>
    wanted.flatMap((one, i) =>
      issuer !== "public" || isIn(zone, one.replace(/^\*\./, ""))
        ? []
        : [
            {
              path: `${section}.further.${name}.names[${i}]`,
              text: `${one} lies outside of ${zone}, so it cannot be proven to Let's Encrypt; use a name below it, or issuer: internal`,
            },
          ],
    ),
  );
}

function names({ further }: Certificates): readonly Problem[] {
  return Object.entries(further).flatMap(([name, { names: wanted }]) => {
    const path = `${section}.further.${name}.names`;
    const many =
      wanted.length <= mostNames
        ? []
        : [
            {
              path,
              text: `${wanted.length} names; Let's Encrypt takes ${mostNames} in one certificate`,
            },
          ];
    return [...repeated(path, wanted), ...many];
  });
}

/** cert-manager would have two certificates overwrite each other for ever, each time with a new order. */
function shared({ planned, further }: Certificates): readonly Problem[] {
  const own = (plan: CertificatePlan): boolean => plan.name in further;
  return planned.flatMap((plan, i) => {
    const before = planned.slice(0, i);
    const twin = before.find(({ name }) => name === plan.name);
    if (twin !== undefined) {
      const text = `is what the certificate of ${twin.names[0]} is called; choose another name`;
      return [{ path: `${section}.further.${plan.name}`, text }];
    }
    const rival = before.find(({ secret }) => secret === plan.secret);
    if (rival === undefined) return [];
    const path = `${section}.further.${own(plan) ? plan.name : rival.name}.secret`;
    return [
      {
        path,
        text: `${plan.secret} holds the certificate ${rival.name} already, and two would overwrite each other; name another Secret`,
      },
    ];
  });
}

const privateNetworks = [
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "127.0.0.0/8",
  "100.64.0.0/10",
];

function resolvers({ nameservers }: Certificates): readonly Problem[] {
  const path = `${section}.nameservers`;
  return [
    ...repeated(path, nameservers),
    ...nameservers.flatMap((address, i) =>
      privateNetworks.some((network) => contains(network, address))
        ? [
            {
              path: `${path}[${i}]`,
              text: `${address} is no resolver of the internet; one of the site's own may show cert-manager another zone than Let's Encrypt sees. Use 1.1.1.1 or 9.9.9.9`,
            },
          ]
        : [],
    ),
  ];
}
