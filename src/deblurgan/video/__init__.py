"""From a video on disk to a sharp one: same sound, same timing, same colours. Needs the extra `video`."""

from deblurgan.video.journey import VideoOptions as VideoOptions
from deblurgan.video.journey import restore_clip as restore_clip
from deblurgan.video.journey import restore_video as restore_video
from deblurgan.video.journey import restore_videos as restore_videos
