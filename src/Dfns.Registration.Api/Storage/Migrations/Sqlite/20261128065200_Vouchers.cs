using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Vouchers : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "vouched_by",
                table: "ceremonies",
                type: "TEXT",
                maxLength: 255,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "vouched_for",
                table: "ceremonies",
                type: "TEXT",
                maxLength: 16384,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "vouched_by",
                table: "access_tokens",
                type: "TEXT",
                maxLength: 255,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "vouched_for",
                table: "access_tokens",
                type: "TEXT",
                maxLength: 16384,
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "vouched_by",
                table: "ceremonies");

            migrationBuilder.DropColumn(
                name: "vouched_for",
                table: "ceremonies");

            migrationBuilder.DropColumn(
                name: "vouched_by",
                table: "access_tokens");

            migrationBuilder.DropColumn(
                name: "vouched_for",
                table: "access_tokens");
        }
    }
}
