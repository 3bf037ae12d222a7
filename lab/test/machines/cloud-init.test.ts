import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { fileContent, parseCloudConfig, runcmdScript } from "../../machines/cloud-init.ts";

const problemsOf = (text: string): readonly string[] => parseCloudConfig(text).problems ?? [];

describe("cloud-config of a lab machine", () => {
  it("refuses every unknown key with its path, and says what is supported", () => {
    const problems = problemsOf(
      "#cloud-config\nfoo: 1\nusers:\n  - name: bob\n    bogus: 1\nwrite_files:\n  - path: /a\n    mode: 7\n",
    );
    assert.deepEqual(problems.map((problem) => problem.split(":", 1)[0]).sort(), [
      "foo",
      "users[0].bogus",
      "write_files[0].mode",
    ]);
    assert.match(
      problems.find((problem) => problem.startsWith("foo")) ?? "",
      /supported: hostname, fqdn/,
    );
  });

  it("refuses what is no cloud-config document", () => {
    assert.match(problemsOf("#!/bin/sh\nls\n")[0] ?? "", /starts with "#!\/bin\/sh"/);
    assert.match(problemsOf("#cloud-config\na: [\n")[0] ?? "", /not YAML/);
  });

  it("accepts what Proxmox makes of ciuser and sshkeys", () => {
    const { config, problems } = parseCloudConfig(
      "#cloud-config\nhostname: vm\nmanage_etc_hosts: true\nfqdn: vm.home.arpa\nuser: root\ndisable_root: False\n" +
        "ssh_authorized_keys:\n  - ssh-ed25519 AAAA\nchpasswd:\n  expire: False\nusers:\n  - default\npackage_upgrade: true\n",
    );
    assert.equal(problems, undefined);
    assert.equal(config?.user, "root");
    assert.deepEqual(config.users, ["default"]);
  });

  it("uses a document that breaks cloud-init's own schema, and warns of it", () => {
    const warned = (text: string) => parseCloudConfig(`#cloud-config\n${text}`).config;
    assert.deepEqual(warned("ssh_genkeytypes: []\n")?.ssh_genkeytypes, []);
    const warnings = (text: string): readonly string[] => {
      const result = parseCloudConfig(`#cloud-config\n${text}`);
      return result.config === undefined ? ["refused"] : result.warnings;
    };
    assert.deepEqual(
      warnings("ssh_genkeytypes: []\nusers: [{ name: root, ssh_authorized_keys: [] }]\n"),
      [
        "cloud-config failed schema validation!\n" +
          "ssh_genkeytypes: [] should be non-empty\nusers.0.ssh_authorized_keys: [] should be non-empty",
      ],
    );
    assert.deepEqual(warnings("ssh_genkeytypes: [ed25519]\nusers: []\n"), []);
  });

  it("takes an empty document", () => {
    assert.deepEqual(parseCloudConfig("#cloud-config\n").config?.runcmd, []);
  });

  it("decodes the contents of files", () => {
    const file = {
      path: "/a",
      owner: "root:root",
      permissions: "0644",
      append: false,
      defer: false,
    };
    assert.equal(fileContent({ ...file, content: "x", encoding: "text/plain" }).toString(), "x");
    assert.equal(fileContent({ ...file, content: "eA==", encoding: "b64" }).toString(), "x");
    const packed = gzipSync("x").toString("base64");
    assert.equal(fileContent({ ...file, content: packed, encoding: "gz+b64" }).toString(), "x");
  });

  it("quotes a command that is a list and leaves one that is a string to the shell", () => {
    assert.equal(
      runcmdScript(["a | b", ["echo", "it's", "$HOME"]]),
      "#!/bin/sh\na | b\n'echo' 'it'\\''s' '$HOME'\n",
    );
  });
});
