const WIDTH_PX = 720;
const HEIGHT_PX = 1280;
const FRAMES_PER_S = 30;

/**
 * What is asked of the camera: a portrait picture of 9:16. All of it is a wish; whatever comes is cropped by the server.
 * @param deviceId a camera that the person has chosen; without one the front camera is asked for
 */
export function cameraConstraints(deviceId: string | null): MediaTrackConstraints {
  return {
    width: { ideal: WIDTH_PX },
    height: { ideal: HEIGHT_PX },
    frameRate: { ideal: FRAMES_PER_S, max: FRAMES_PER_S },
    ...(deviceId === null ? { facingMode: 'user' } : { deviceId: { exact: deviceId } }),
  };
}

/**
 * What is asked of the microphone: speech, cleaned by the device.
 * @param deviceId only one that the person has chosen: naming one by ourselves breaks headsets on iOS
 */
export function microphoneConstraints(deviceId: string | null): MediaTrackConstraints {
  return {
    channelCount: { ideal: 1 },
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(deviceId === null ? {} : { deviceId: { exact: deviceId } }),
  };
}
