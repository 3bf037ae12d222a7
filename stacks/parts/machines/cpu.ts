import { z } from "zod";

/** Models that both Proxmox and its provider know: qemu-server, CPUConfig.pm, and bpg's CPUTypeValidator. */
const models = [
  ..."host max kvm64 qemu64 x86-64-v2 x86-64-v2-AES x86-64-v3 x86-64-v4".split(" "),
  ..."Broadwell Broadwell-IBRS Broadwell-noTSX Broadwell-noTSX-IBRS Cascadelake-Server".split(" "),
  ..."Cascadelake-Server-noTSX Cascadelake-Server-v2 Cascadelake-Server-v4 Cascadelake-Server-v5".split(
    " ",
  ),
  ..."Conroe Cooperlake Cooperlake-v2 EPYC EPYC-Genoa EPYC-IBPB EPYC-Milan EPYC-Rome EPYC-Rome-v2".split(
    " ",
  ),
  ..."EPYC-Rome-v3 EPYC-Rome-v4 EPYC-v3 EPYC-v4 Haswell Haswell-IBRS Haswell-noTSX".split(" "),
  ..."Haswell-noTSX-IBRS Icelake-Server Icelake-Server-noTSX Icelake-Server-v3".split(" "),
  ..."Icelake-Server-v4 Icelake-Server-v5 Icelake-Server-v6 IvyBridge IvyBridge-IBRS KnightsMill".split(
    " ",
  ),
  ..."Nehalem Nehalem-IBRS Opteron_G1 Opteron_G2 Opteron_G3 Opteron_G4 Opteron_G5 Penryn".split(
    " ",
  ),
  ..."SandyBridge SandyBridge-IBRS SapphireRapids Skylake-Client Skylake-Client-IBRS".split(" "),
  ..."Skylake-Client-noTSX-IBRS Skylake-Client-v4 Skylake-Server Skylake-Server-IBRS".split(" "),
  ..."Skylake-Server-noTSX-IBRS Skylake-Server-v4 Skylake-Server-v5 Westmere Westmere-IBRS phenom".split(
    " ",
  ),
];

/** A model of the virtual processor; of one's own, `custom-` and its name in /etc/pve/virtual-guest/cpu-models.conf. */
export const cpuType = z
  .string()
  .regex(
    new RegExp(`^(?:${models.join("|")}|custom-[A-Za-z0-9._-]+)$`),
    "use a model as Proxmox names it, such as host, x86-64-v2-AES, x86-64-v3 or EPYC-Milan, or custom-NAME for one of your own",
  );
