export default () => { for(;;); }
