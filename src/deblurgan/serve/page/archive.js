// ZIP files of what is compressed already: entries are stored, so the archive is made of the pictures' own blobs.
const LIMIT = 0xffffffff;

const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value >>> 0;
});

/** A ZIP file of [{name, blob}]; null if it would need the 64-bit form. Equal names get a number. */
export async function archive(entries) {
  const total = entries.reduce((sum, entry) => sum + entry.blob.size + 4 * entry.name.length + 200, 0);
  if (total > LIMIT || entries.length > 0xffff) return null;
  const parts = [], directory = [], taken = new Set();
  let offset = 0;
  for (const { name, blob } of entries) {
    const bytes = new TextEncoder().encode(unique(name, taken));
    const facts = { sum: checksum(new Uint8Array(await blob.arrayBuffer())), size: blob.size, length: bytes.length };
    parts.push(header(0x04034b50, facts), bytes, blob);
    directory.push(header(0x02014b50, facts, offset), bytes);
    offset += 30 + bytes.length + blob.size;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  return new Blob([...parts, ...directory, end.buffer], { type: "application/zip" });
}

/** A local header, or with an offset the one of the central directory (APPNOTE 4.3.7 and 4.3.12). */
function header(signature, { sum, size, length }, offset) {
  const isCentral = offset !== undefined, now = new Date();
  const view = new DataView(new ArrayBuffer(isCentral ? 46 : 30));
  const base = isCentral ? 2 : 0;
  view.setUint32(0, signature, true);
  if (isCentral) view.setUint16(4, 20, true);
  view.setUint16(base + 4, 20, true);
  view.setUint16(base + 6, 0x0800, true); // names are UTF-8
  view.setUint16(base + 10, (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1), true);
  view.setUint16(base + 12, ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate(), true);
  view.setUint32(base + 14, sum, true);
  view.setUint32(base + 18, size, true);
  view.setUint32(base + 22, size, true);
  view.setUint16(base + 26, length, true);
  if (isCentral) view.setUint32(42, offset, true);
  return new Uint8Array(view.buffer);
}

function checksum(bytes) {
  let value = LIMIT;
  for (const byte of bytes) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}

function unique(name, taken) {
  const dot = name.lastIndexOf(".");
  let candidate = name;
  for (let number = 2; taken.has(candidate); number++) {
    candidate = `${name.slice(0, dot)}-${number}${name.slice(dot)}`;
  }
  taken.add(candidate);
  return candidate;
}
