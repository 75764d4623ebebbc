"""7z archives: https://github.com/ip7z/7zip/blob/24.09/DOC/7zFormat.txt. Their headers are read without a library."""
