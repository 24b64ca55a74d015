namespace Toolformer.Tools.Notes;

/// <summary>Files of notes are replaced as a whole, so that nobody ever finds half of one.</summary>
internal static class NoteFile
{
    public static void Replace(string path, byte[] content)
    {
        string draft = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            using (var file = new FileStream(draft, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            if (!OperatingSystem.IsWindows() && File.Exists(path))
                File.SetUnixFileMode(draft, File.GetUnixFileMode(path));
            File.Move(draft, path, overwrite: true);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
        finally
        {
            File.Delete(draft);
        }
    }
}
