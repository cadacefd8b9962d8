// Packs the web interface into one blob and a C++ table of what is in it.
//
//   node scripts/build_assets.mjs --web web --out build/release/assets
//
// Reads  WEB/site.json (pages, assets and their parts), WEB/package-lock.json and the files that these name.
// Writes OUT/assets_table.cpp (implements src/http/assets/asset_table.hpp) and OUT/assets.blob, which it includes.
// npm works in OUT/npm, so the source tree stays clean; it runs again only when the lock file changes.
// The same inputs and the same node give the same bytes.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const kContentTypes = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};
const kImmutable = "public, max-age=31536000, immutable";
const kRevalidate = "no-cache";
const kStrictCsp = {
  "default-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
};

const sha256 = (content) => createHash("sha256").update(content).digest("hex");
const cspText = (directives) =>
  Object.entries({ ...kStrictCsp, ...directives }).map(([name, value]) => `${name} ${value}`).join("; ");

/** Installs what the lock file names into `npmDir`, unless that is what is there already. */
function installPackages(webDir, npmDir) {
  const stamp = join(npmDir, "installed.sha256");
  const manifests = ["package.json", "package-lock.json"];
  const wanted = sha256(manifests.map((name) => readFileSync(join(webDir, name), "utf8")).join("\0"));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(npmDir, { recursive: true, force: true });
  mkdirSync(npmDir, { recursive: true });
  for (const name of manifests) copyFileSync(join(webDir, name), join(npmDir, name));
  const options = ["ci", "--include=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", options, { cwd: npmDir, stdio: ["ignore", "inherit", "inherit"] });
  writeFileSync(stamp, wanted);
}

function compressed(content, compress) {
  const smaller = compress(content);
  return smaller.length < content.length ? smaller : Buffer.alloc(0);
}

function makeAsset(path, extension, content, cacheControl, csp) {
  const contentType = kContentTypes[extension];
  if (!contentType) throw new Error(`${path}: no content type is known for ${extension}`);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  return {
    path,
    contentType,
    cacheControl,
    csp: cspText(csp),
    etag: `W/"${sha256(content).slice(0, 16)}"`,
    identity: content,
    gzip: compressed(content, (bytes) => gzipSync(bytes, { level: 9 })),
    brotli: compressed(content, (bytes) => brotliCompressSync(bytes, { params })),
  };
}

/** Joins an asset's parts. Addresses of source maps go: the maps are not served. */
function joinParts(parts, webDir, npmDir) {
  const texts = parts.map((part) => {
    const root = part.startsWith("node_modules/") ? npmDir : webDir;
    return readFileSync(join(root, part), "utf8").replace(/^\/[/*][#@] sourceMappingURL=.*$/gm, "").trimEnd();
  });
  return Buffer.from(`${texts.join("\n\n")}\n`);
}

function makeHashedAsset(name, parts, webDir, npmDir) {
  const content = joinParts(parts, webDir, npmDir);
  const extension = extname(name);
  const path = `/assets/${name.slice(0, -extension.length)}.${sha256(content).slice(0, 12)}${extension}`;
  return makeAsset(path, extension, content, kImmutable, {});
}

/** A page works under its policy and offline only if it has no inline code and loads nothing from elsewhere. */
function refuseForbiddenMarkup(file, html) {
  const forbidden = {
    "an inline script": /<script(?![^>]*\ssrc=)/i,
    "an inline style": /<style|\sstyle\s*=/i,
    "an inline event handler": /<[^>]*\son\w+\s*=/i,
    "an external address": /\s(?:href|src|action|srcset)\s*=\s*["']?\s*(?:[a-z]+:|\/\/)/i,
  };
  for (const [what, pattern] of Object.entries(forbidden)) {
    if (pattern.test(html)) throw new Error(`${file}: holds ${what}`);
  }
}

function makePage({ path, file, csp }, webDir, hashedPaths) {
  const html = readFileSync(join(webDir, file), "utf8");
  refuseForbiddenMarkup(file, html);
  const resolved = html.replace(/"\/assets\/([^"]+)"/g, (_, name) => {
    if (!hashedPaths.has(name)) throw new Error(`${file}: refers to /assets/${name}, which site.json does not name`);
    return `"${hashedPaths.get(name)}"`;
  });
  return makeAsset(path, extname(file), Buffer.from(resolved), kRevalidate, csp);
}

/** Everything that site.json names, ready to serve, sorted by path as the table must be. */
export function buildSite(webDir, npmDir) {
  const site = JSON.parse(readFileSync(join(webDir, "site.json"), "utf8"));
  const hashedPaths = new Map();
  const hashed = Object.entries(site.assets).map(([name, parts]) => {
    const asset = makeHashedAsset(name, parts, webDir, npmDir);
    hashedPaths.set(name, asset.path);
    return asset;
  });
  const pages = site.pages.map((page) => makePage(page, webDir, hashedPaths));
  return [...pages, ...hashed].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A C++ string literal; what goes in is ASCII without control characters. */
function literal(text) {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new Error(`not plain ASCII: ${text}`);
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

function tableRow(asset, place) {
  const texts = [asset.path, asset.contentType, asset.etag, asset.cacheControl, asset.csp].map(literal);
  return `    {${[...texts, place(asset.identity), place(asset.gzip), place(asset.brotli)].join(",\n     ")}},`;
}

/** The digest in the source makes a changed blob a changed source, which build tools and compiler caches notice. */
function tableSource(rows, blob, blobPath) {
  return `// Generated by scripts/build_assets.mjs from content ${sha256(blob)}. Do not edit.
#include "http/assets/asset_table.hpp"

asm(R"(
  .pushsection .rodata
  .balign 16
  .globl codelab_asset_blob
  .hidden codelab_asset_blob
  .type codelab_asset_blob, %object
  .size codelab_asset_blob, ${blob.length}
codelab_asset_blob:
  .incbin ${literal(blobPath)}
  .popsection
)");

extern "C" __attribute__((visibility("hidden"))) const std::byte codelab_asset_blob[${blob.length}];

namespace codelab::http::assets {
namespace {

constexpr std::span<const std::byte> slice(std::size_t offset, std::size_t size) {
  return {codelab_asset_blob + offset, size};
}

constinit const Asset kAssets[] = {
${rows.join("\n")}
};

}  // namespace

std::span<const Asset> asset_table() noexcept { return kAssets; }

}  // namespace codelab::http::assets
`;
}

function writeTable(assets, outDir) {
  const chunks = [];
  let size = 0;
  const place = (content) => {
    const row = content.length ? `slice(${size}, ${content.length})` : "{}";
    chunks.push(content);
    size += content.length;
    return row;
  };
  const rows = assets.map((asset) => tableRow(asset, place));
  const blob = Buffer.concat(chunks);
  const blobPath = join(outDir, "assets.blob");
  writeFileSync(blobPath, blob);
  writeFileSync(join(outDir, "assets_table.cpp"), tableSource(rows, blob, blobPath));
}

function argument(name) {
  const value = process.argv[process.argv.indexOf(name) + 1];
  if (!process.argv.includes(name) || !value) throw new Error("usage: build_assets.mjs --web WEB_DIR --out OUT_DIR");
  return resolve(value);
}

function main() {
  const webDir = argument("--web");
  const outDir = argument("--out");
  const npmDir = join(outDir, "npm");
  mkdirSync(outDir, { recursive: true });
  installPackages(webDir, npmDir);
  writeTable(buildSite(webDir, npmDir), outDir);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
