// The webcam: opened into a <video>, and what is said where it cannot be.

/** @type {Record<string, string>} */
const PROBLEMS = { NotAllowedError: 'page.webcam_refused', SecurityError: 'page.webcam_refused',
  NotReadableError: 'page.webcam_busy', AbortError: 'page.webcam_busy' };

/**
 * The stream, or the word for why there is none. @param {HTMLVideoElement} video
 * @param {() => void} lost it was unplugged, or taken away
 * @returns {Promise<{ stream: MediaStream | null, problem: string | null }>}
 */
export async function open(video, lost) {
  if (!navigator.mediaDevices?.getUserMedia) {
    return { stream: null, problem: isSecureContext ? 'page.webcam_none' : 'page.webcam_insecure' };
  }
  /** @type {MediaStream | null} */
  let stream = null;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } } });
    stream.getVideoTracks()[0].addEventListener('ended', lost);
    video.srcObject = stream;
    await video.play();
    return { stream, problem: null };
  } catch (problem) {
    close(stream);
    const name = problem instanceof DOMException ? problem.name : '';
    return { stream: null, problem: PROBLEMS[name] ?? 'page.webcam_none' };
  }
}

/** @param {MediaStream | null} stream */
export const close = (stream) => stream?.getTracks().forEach((track) => track.stop());

/** What the camera shows now, its longer side at most `most`. @param {HTMLVideoElement} video
 * @param {HTMLCanvasElement} still */
export function grab(video, still, most = Infinity) {
  const { videoWidth, videoHeight } = video, scale = Math.min(1, most / Math.max(videoWidth, videoHeight));
  const width = Math.round(videoWidth * scale), height = Math.round(videoHeight * scale);
  if (still.width !== width || still.height !== height) Object.assign(still, { width, height });
  still.getContext('2d')?.drawImage(video, 0, 0, width, height);
}

/** A canvas as a photo of the visitor's. @param {HTMLCanvasElement} still @returns {Promise<File | null>} */
export const file = (still) => new Promise((done) => {
  still.toBlob((blob) => done(blob && new File([blob], 'webcam.png', { type: 'image/png' })), 'image/png');
});
