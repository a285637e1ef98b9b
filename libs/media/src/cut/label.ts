import { appendFile } from 'node:fs/promises';

/** The box of an MP4 in which metadata in XMP stands (ISO 16684-1 and the XMP specification, part 3). */
const XMP_BOX = Buffer.from('be7acfcb97a942e89c71999491e3afac', 'hex');
/** IPTC's word for what was put together from pictures that a model has made. */
const SOURCE_TYPE = 'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia';

/**
 * Says in a finished MP4 that a model made its pictures. The signed manifests (C2PA) of the clips cannot be kept: each vouches for the bytes of its own
 * file, so in another it would call that one tampered with, and a new one takes a certificate.
 */
export async function labelSynthetic(mp4: string): Promise<void> {
  const xmp = [
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>',
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">',
    '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">',
    `<Iptc4xmpExt:DigitalSourceType>${SOURCE_TYPE}</Iptc4xmpExt:DigitalSourceType>`,
    '</rdf:Description></rdf:RDF></x:xmpmeta>',
    '<?xpacket end="r"?>',
  ].join('\n');
  const body = Buffer.from(xmp);
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + XMP_BOX.length + body.length);
  head.write('uuid', 4, 'latin1');
  await appendFile(mp4, Buffer.concat([head, XMP_BOX, body]));
}
