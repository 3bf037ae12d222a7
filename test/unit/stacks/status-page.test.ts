import assert from "node:assert/strict";
import { parsers } from "prettier/plugins/html";
import { broken } from "../../../stacks/status/boxes.ts";
import { declaredStatus } from "../../../stacks/status/declared.ts";
import { escaped } from "../../../stacks/status/markup.ts";
import { statusPage } from "../../../stacks/status/page.ts";
import { pictureSizes } from "../../../stacks/status/picture-size.ts";
import { picture } from "../../../stacks/status/picture.ts";
import type { Status } from "../../../stacks/status/status.ts";
import { palettes, style, tapHeight, type Palette } from "../../../stacks/status/style.ts";
import { parseSiteConfig } from "../../../stacks/site-file.ts";
import { siteFile } from "../../../scripts/site-file.ts";
import { wholeStatus } from "./status-site.ts";

/** A node of the tree that the parser gives (angular-html-parser). */
interface Node {
  readonly kind: string;
  readonly name?: string;
  readonly value?: string;
  readonly attrs?: readonly { readonly name: string; readonly value: string }[];
  readonly children?: readonly Node[];
  readonly isVoid?: boolean;
  readonly endSourceSpan?: unknown;
}

/** Every element of a text of HTML; throws where a tag is closed that is not open. */
async function elementsOf(html: string): Promise<readonly Node[]> {
  const options = { parser: "html", originalText: html, filepath: "page.html" };
  const tree = (await parsers.html.parse(html, options as never)) as Node;
  const all = (node: Node): readonly Node[] => [node, ...(node.children ?? []).flatMap(all)];
  return all(tree).filter(({ kind }) => kind === "element");
}

const attribute = ({ attrs = [] }: Node, name: string): string | undefined =>
  attrs.find((one) => one.name === name)?.value;

const texts = (svg: string): readonly string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = ""]) => text);

/** The cabin: one host, and nobody has been asked. */
function cabin(): Status {
  const raw = siteFile(new URL("../../../Pulumi.cabin.yaml", import.meta.url));
  const { config = assert.fail("no cabin") } = parseSiteConfig(raw, "cabin");
  return declaredStatus("cabin", config);
}

/** A site with ten hosts, one of them without a machine, and names that mean something in markup. */
async function tenHosts(): Promise<Status> {
  const { hosts, ...rest } = await wholeStatus();
  const [host = assert.fail("no host")] = hosts;
  const [machine = assert.fail("no machine")] = host.machines;
  return {
    ...rest,
    hosts: Array.from({ length: 10 }, (_, i) => ({
      ...{ ...host, name: `h${i}<&"'>` },
      machines: i === 3 ? [] : [{ ...machine, name: `m${i}` }],
    })),
  };
}

describe("the picture of a site", () => {
  for (const [name, size] of Object.entries(pictureSizes)) {
    describe(`for a ${name}`, () => {
      it("has each host and machine once, the networks, and what opens to whom", async () => {
        const status = await wholeStatus();
        const said = texts(picture(status, size));
        const count = (text: string): number => said.filter((one) => one === text).length;
        for (const { name: host, machines } of status.hosts) {
          assert.equal(count(host), 1, host);
          for (const machine of machines) assert.equal(count(machine.name), 1, machine.name);
        }
        const all = said.join(" ");
        for (const text of [
          ...["192.168.1.20", "AS 64512", "AS 64513 at 10.0.0.1", "10.42.0.0/16", "10.43.0.0/16"],
          ...["10.96.0.0/16", "LAN 192.168.1.0/24", "gateway lan", "10.96.0.80", "10.96.0.53"],
          ...["tunnel of Cloudflare", "robbinsdale-connector-1", "gateway home-gateway"],
        ])
          assert.ok(all.includes(text), text);
      });

      it("has ten hosts as well as one, and takes no name for markup", async () => {
        const ten = picture(await tenHosts(), size);
        assert.equal(
          texts(ten).filter((text) => /^h\d&lt;&amp;&quot;&#39;&gt;$/.test(text)).length,
          10,
        );
        assert.equal(texts(ten).filter((text) => /^m\d$/.test(text)).length, 9);
        const one = texts(picture(cabin(), size));
        assert.ok(one.includes("hut") && one.includes("proxmox-hut"));
        assert.ok(!one.some((text) => /internet|running/.test(text)));
      });

      it("draws nothing outside of itself", async () => {
        for (const status of [await wholeStatus(), await tenHosts(), cabin()]) {
          const svg = picture(status, size);
          const [, width = "", height = ""] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg) ?? [];
          assert.equal(Number(width), size.width + 2);
          const rects = [
            ...svg.matchAll(/x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g),
          ];
          assert.ok(rects.length > 3);
          for (const [text, x, y, w, h] of rects) {
            assert.ok(Number(x) + Number(w) <= Number(width), text);
            assert.ok(Number(y) + Number(h) <= Number(height), text);
          }
          assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
        }
      });
    });
  }

  it("breaks long texts at blanks, and names only where nothing else helps", () => {
    assert.deepEqual(broken("one two three", 7), ["one two", "three"]);
    assert.deepEqual(broken("robbinsdale-connector-0", 14), ["robbinsdale-", "connector-0"]);
    assert.deepEqual(broken("abcdefghij", 4), ["abcd", "efgh", "ij"]);
  });
});

describe("the page of a status", () => {
  it("is well formed, and every element is closed", async () => {
    for (const status of [await wholeStatus(), await tenHosts(), cabin()]) {
      const elements = await elementsOf(statusPage(status, "Made by a test & nobody else."));
      const open = elements.filter((one) => one.isVoid !== true && one.endSourceSpan == null);
      assert.deepEqual(
        open.map(({ name }) => name),
        [],
      );
      for (const name of ["title", "h1", "main"])
        assert.equal(
          elements.filter((one) => one.name === name && one.kind === "element").length,
          name === "title" ? 3 : 1,
          name,
        );
    }
  });

  it("asks nobody for anything, and leads to the site's names alone", async () => {
    const page = statusPage(await wholeStatus(), "");
    assert.doesNotMatch(page, /<script|<link|<img|<iframe|@import|url\(|javascript:/);
    const links = (await elementsOf(page)).flatMap((one) => attribute(one, "href") ?? []);
    assert.deepEqual(links, [
      ...["https://typeo.example.net", "https://typeo.home.arpa"],
      ...["https://play.home.arpa", "https://photos.home.arpa"],
    ]);
  });

  it("names on a phone what each value of a table is, and each name once", async () => {
    const elements = await elementsOf(statusPage(await wholeStatus(), ""));
    const cells = elements.filter(({ name }) => name === "td");
    assert.ok(cells.length > 50);
    for (const cell of cells) assert.ok(attribute(cell, "data-label"));
    const text = statusPage(await wholeStatus(), "");
    for (const name of ["typeo.example.net", "photos.home.arpa"])
      assert.equal(text.split(`>${name}<`).length, 2, name);
  });

  it("shows what is wrong before everything else, and takes no text for markup", async () => {
    const page = statusPage(await wholeStatus(), "");
    assert.ok(page.indexOf("What is wrong") < page.indexOf("Topology"));
    assert.ok(page.includes(escaped('The UPS <rack> & its "load" run on battery')));
    assert.doesNotMatch(page, /<rack>/);
  });

  it("says what could not be seen", async () => {
    const page = statusPage(await wholeStatus({ cluster: undefined }), "");
    assert.match(page, /<p class="is-unknown">.*not seen: there is no cluster yet<\/p>/);
  });

  it("has fingers' room where it is tapped", () => {
    assert.ok(tapHeight >= 44);
    assert.ok(style.includes(`td a{display:inline-block;min-height:${tapHeight}px`));
  });

  for (const [name, palette] of Object.entries(palettes)) {
    it(`can be read in ${name}`, () => {
      for (const [letters, paper] of onPaper)
        assert.ok(
          contrast(palette[letters], palette[paper]) >= 4.5,
          `${letters} on ${paper}: ${contrast(palette[letters], palette[paper])}`,
        );
      for (const sign of ["ok", "warning", "error", "unknown", "wire"] as const)
        for (const paper of ["paper", "zone", "card", "host"] as const)
          assert.ok(contrast(palette[sign], palette[paper]) >= 3, `${sign} on ${paper}`);
    });
  }
});

/** Letters and what they stand on. */
const onPaper = [
  ...(["text", "soft", "link", "ok", "warning", "error", "unknown"] as const).map(
    (one) => [one, "paper"] as const,
  ),
  ...(["zone", "card", "host", "outside", "warningPaper", "errorPaper"] as const).flatMap((one) => [
    ["text", one] as const,
    ["soft", one] as const,
  ]),
  ...([
    ["warning", "warningPaper"],
    ["error", "errorPaper"],
  ] as const),
] satisfies readonly (readonly [keyof Palette, keyof Palette])[];

/** Contrast of two colours: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
