/** The Castagnoli polynomial, bits reversed (https://www.rfc-editor.org/rfc/rfc3720#appendix-B.4). */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit += 1) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/** The CRC32C checksum that Google's APIs send beside payloads, as an unsigned number. Node's `zlib.crc32` is another. */
export function crc32c(bytes: Uint8Array): number {
  let checksum = 0xffffffff;
  for (const byte of bytes) checksum = (checksum >>> 8) ^ (TABLE[(checksum ^ byte) & 0xff] as number);
  return (checksum ^ 0xffffffff) >>> 0;
}
