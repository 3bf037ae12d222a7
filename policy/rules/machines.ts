import type { Finding, ResourceRule, SeenResource } from "../rule.ts";
import { at, elements, text, unknown } from "../seen.ts";

const machineType = "proxmoxve:index/vmLegacy:VmLegacy";

/**
 * Any machine of a site may hold etcd, a volume or a disk that storage lives on, so all are treated alike. Pulumi's own
 * `protect` is no part of it: with it a plain destroy, the last word of whoever owns the site, would not work. What keeps a
 * machine is that the check before every run recognises it and refuses to replace it; this rule keeps that check able to.
 */
export const machines: ResourceRule = {
  name: "machines-are-protected",
  description:
    "A machine carries the tags by which every run knows it again and refuses to replace it, nothing that replaces it is " +
    "first known during a run, its data disks come from no image, and it starts with its host.",
  judge: (resource) =>
    resource.type === machineType
      ? [
          ...tags(resource),
          ...constants(resource),
          ...disks(resource),
          ...starts(resource),
          ...order(resource),
        ]
      : [],
};

function tags({ inputs }: SeenResource): readonly Finding[] {
  const list = at(inputs["tags"]);
  const found = elements(list);
  if (list === unknown || found.includes(unknown)) {
    return ["tags are not known before the run; they decide whether the machine is known again"];
  }
  const texts = found.map((tag) => text(tag) ?? "");
  const generations = texts.filter((tag) => /^gen-[0-9a-f]{8}$/.test(tag));
  return [
    ...(texts.includes("homelab") && texts.some((tag) => tag.startsWith("homelab-"))
      ? []
      : [
          "tags lack homelab or homelab-SITE; without them the check before a run takes the machine for somebody " +
            "else's and cannot refuse its replacement",
        ]),
    ...(generations.length === 1
      ? []
      : [
          `tags hold ${generations.length} generations (gen- and 8 hex digits) instead of one; without it nothing tells ` +
            "a rebuilt, empty machine from the one that was installed",
        ]),
  ];
}

/** Inputs whose change replaces the machine with its disks. */
function constants({ inputs }: SeenResource): readonly Finding[] {
  const replacing = {
    vmId: at(inputs["vmId"]),
    nodeName: at(inputs["nodeName"]),
    "initialization.userDataFileId": at(inputs["initialization"], "userDataFileId"),
  };
  return Object.entries(replacing).flatMap(([input, value]) =>
    value === unknown
      ? [
          `${input} is first known during the run, and a change of it replaces the machine with its disks; write it as a ` +
            "constant, not as another resource's output",
        ]
      : input === "vmId" && typeof value !== "number"
        ? ["vmId is missing; a chosen id is how the check before a run finds the machine"]
        : [],
  );
}

function disks({ inputs }: SeenResource): readonly Finding[] {
  return elements(inputs["disks"]).flatMap((disk, i) =>
    i === 0
      ? []
      : ["importFrom", "fileId"].flatMap((input) => {
          const value = at(disk, input);
          return value === undefined || value === null || value === ""
            ? []
            : [
                `disks[${i}].${input} makes a data disk from an image, so that a new image replaces the data; only the ` +
                  "first disk may have one",
              ];
        }),
  );
}

function starts({ inputs }: SeenResource): readonly Finding[] {
  return inputs["onBoot"] === false
    ? ["onBoot is false; after a power cut etcd stays without this member: set it to true"]
    : [];
}

function order({ options }: SeenResource): readonly Finding[] {
  return options.deleteBeforeReplace === true
    ? []
    : [
        "deleteBeforeReplace is not set; where a replacement is allowed, two machines with one address and one etcd name " +
          "would run beside each other",
      ];
}
